"""A second server, and a file to send."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import Recorder, picture, recorder


@pytest.fixture
async def elsewhere() -> AsyncIterator[Recorder]:
    """Another origin."""
    async with recorder() as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An image in a folder of its own."""
    path = tmp_path / "files" / "a.png"
    path.parent.mkdir()
    path.write_bytes(picture(8, 8))
    return path
