"""What a look at a folder takes of a machine's memory, measured by the operating system."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.images.files import encoded, picture

FEW, MANY = 500, 5_000
PICTURES = 50
BYTES = 20_000
"""Of each file: if the bytes of all were kept, that would be 90 MB more of many than of few."""
MOST_KEPT = 4_000
"""Bytes of memory that one more image may take, of which its pixels would take 65,536."""

LOOK = """
import asyncio, sys
from pathlib import Path
from bria_async.images import inspect

found = asyncio.run(inspect(sys.argv[1], at_once=2))
status = Path("/proc/self/status").read_text()
print(len(found.images), status.partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.exhaustive
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the figures of Linux")
def test_many_images_need_little_more_memory_than_few(tmp_path: Path) -> None:
    """Of each of 5,000 some kilobytes stay: neither its bytes nor its pixels."""
    pictures = [encoded(picture("L", (256, 256), seed), "JPEG") for seed in range(PICTURES)]
    for number in range(MANY):
        data = pictures[number % PICTURES]
        folder = tmp_path / ("few" if number < FEW else "many")
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(data + os.urandom(BYTES - len(data)))
    few = taken(tmp_path / "few", FEW)
    for path in (tmp_path / "few").iterdir():
        os.link(path, tmp_path / "many" / path.name)
    each = (taken(tmp_path / "many", MANY) - few) / (MANY - FEW)
    assert 0 < each < MOST_KEPT, f"{each:,.0f} bytes an image"


def taken(folder: Path, count: int) -> int:
    """The most memory that a process has taken to look at a folder of so many images, in bytes."""
    done = subprocess.run([sys.executable, "-c", LOOK, str(folder)], capture_output=True, text=True, check=True)
    images, peak = map(int, done.stdout.split())
    assert images == count
    return peak * 1024
