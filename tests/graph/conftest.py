"""Fixtures of the graph floor."""

from pathlib import Path

import pytest

from tests.graph.toy import Bench, ManualHost


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench on an empty folder."""
    return Bench(tmp_path / "run")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal may be."""
    return tmp_path / "journal.db"


@pytest.fixture
def host() -> ManualHost:
    """A host on a manual clock."""
    return ManualHost()
