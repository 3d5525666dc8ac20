"""What a look at a folder, a contact sheet and copies take of a machine's memory, measured by the operating system."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.images.files import encoded, picture

FEW, MANY = 200, 5_000
PICTURES = 50
BYTES = 20_000
"""Of each file: if the bytes of all were kept, that would be 90 MB more of many than of few."""
CAPTION = 40_000
"""Characters of the caption beside each file."""
MOST_KEPT = 10_000
"""Bytes of memory that one more image may take, of which its pixels would take 65,536, and its caption 40,000.

It takes 4,400 on CPython 3.13, and 7,200 to 7,900 on 3.11.
"""

LOOK = """
import asyncio, sys
from pathlib import Path
from bria_async.dashboard.sheet import write_sheet
from bria_async.images import inspect, mend

async def look(folder, then):
    found = await inspect(folder, at_once=2)
    if then == "sheet":
        await write_sheet(found, f"{folder}.html", at_once=2)
    elif then == "copies":
        await mend(found, f"{folder}-mended", at_once=2)
    return len(found.images)

for folder in sys.argv[2:]:
    print(asyncio.run(look(folder, sys.argv[1])))
    print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the figures of Linux")


def taken(then: str, few: Path, many: Path) -> float:
    """Bytes of memory that each image takes that there are more of, looked at and whatever comes then."""
    command = [sys.executable, "-c", LOOK, then, str(few), str(many)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    less, low, more, high = map(int, done.stdout.split())
    assert (less, more) == tuple(len(list(folder.glob("*.jpg"))) for folder in (few, many))
    return (high - low) * 1024 / (more - less)


@pytest.mark.exhaustive
@linux
def test_many_images_need_little_more_memory_than_few(tmp_path: Path) -> None:
    """Of each of 5,000 some kilobytes stay: neither its bytes, nor its pixels, nor its caption."""
    pictures = [encoded(picture("L", (256, 256), seed), "JPEG") for seed in range(PICTURES)]
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    caption = tmp_path / "caption"
    caption.write_text("meow " * (CAPTION // 5))
    for number in range(MANY):
        data = pictures[number % PICTURES]
        (many / f"{number}.jpg").write_bytes(data + os.urandom(BYTES - len(data)))
        os.link(caption, many / f"{number}.txt")
        for name in (f"{number}.jpg", f"{number}.txt") if number < FEW else ():
            os.link(many / name, few / name)
    each = taken("nothing", few, many)
    assert 0 < each < MOST_KEPT, f"{each:,.0f} bytes an image"


LESS, MORE = 210, 610
"""Images of a sheet of small thumbnails, and of copies."""
SENT = 100_000
"""Bytes of each of those files."""
MOST_SHOWN = 30_000
"""Bytes of memory that one more image may take whose thumbnail is on a sheet, or that is copied."""


@pytest.mark.exhaustive
@linux
@pytest.mark.parametrize("then", ["sheet", "copies"])
def test_sheets_and_copies_hold_no_images(tmp_path: Path, then: str) -> None:
    """Neither the bytes of files that were read for them, nor their pixels."""
    pictures = [encoded(picture("L", (1024, 1024), seed), "JPEG") for seed in range(PICTURES)]
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    for number in range(MORE):
        data = pictures[number % PICTURES]
        (many / f"{number}.jpg").write_bytes(data + os.urandom(SENT - len(data)))
        if number < LESS:
            os.link(many / f"{number}.jpg", few / f"{number}.jpg")
    each = taken(then, few, many)
    assert each < MOST_SHOWN, f"{each:,.0f} bytes an image"
