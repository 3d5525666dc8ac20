"""Fixtures of the local engine."""

from pathlib import Path

import pytest

from tests.graph.toy import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench on an empty folder."""
    return Bench(tmp_path / "run")
