"""A run of 5,000 images with captions of their usual size is shown whole: in a report, and on its page."""

import re
import time
from pathlib import Path

import pytest

from .door import serving
from .html import Page
from .large import COUNT


def test_its_report(large: tuple[Path, float]) -> None:
    """Small thumbnails and whole captions in one file, and memory that does not grow with it."""
    file, memory = large
    page = Page.of(file)
    assert page.stands_alone()
    assert len(page.all("details", "tile")) == len(page.all("img")) == COUNT
    assert page.text.count("whole caption\n") == page.text.count('"camera_angle": "low"') == COUNT
    assert 30_000_000 < file.stat().st_size < 50_000_000, "bytes; 36 million were measured"
    assert memory < 130, "MiB; 99 were measured"


@pytest.mark.parametrize(("control", "most"), [(False, 28_000_000), (True, 50_000_000)], ids=["shown", "changed"])
async def test_its_page(large: tuple[Path, float], control: bool, most: int) -> None:
    """Every image with its whole caption, and a field for each where captions can be changed."""
    async with serving(large[0].parent, control=control) as door:
        began = time.process_time()
        answer = await door.ask("/runs/large")
        took = time.process_time() - began
    pictures = re.findall(r'<summary><span class="frame"><img src="/runs/large/images/(\d+)/96\?', answer.text)
    assert pictures == [str(number) for number in range(COUNT)]
    assert answer.text.count("<dt>whole caption</dt>") == COUNT
    assert answer.text.count('<textarea id="caption-') == (COUNT if control else 0)
    assert len(answer.body) < most, "bytes; half of it was measured"
    assert took < 10, "seconds of a processor; 1 was measured"
