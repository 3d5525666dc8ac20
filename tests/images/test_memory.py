"""What a look at a folder takes of a machine's memory, measured by the operating system."""

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
from bria_async.images import inspect

for folder in sys.argv[1:]:
    found = asyncio.run(inspect(folder, at_once=2))
    print(len(found.images), Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.exhaustive
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the figures of Linux")
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
    command = [sys.executable, "-c", LOOK, str(few), str(many)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    counts, peaks = zip(*(map(int, line.split()) for line in done.stdout.splitlines()), strict=True)
    assert counts == (FEW, MANY)
    each = (peaks[1] - peaks[0]) * 1024 / (MANY - FEW)
    assert 0 < each < MOST_KEPT, f"{each:,.0f} bytes an image"
