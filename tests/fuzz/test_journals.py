"""Whatever has become of a journal or of a request to a run, its readers have one error."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.errors import JournalError
from bria_async.graph import feed
from bria_async.graph.control import Control, Request
from tests.fuzz.bounds import bounded, texts, values

FOUND = sorted((Path(__file__).parent.parent / "journals").glob("format-*.db"))
READERS: list[Callable[[Path, str], Any]] = [
    lambda path, _: feed.views(path),
    feed.events,
    feed.captions,
    feed.rows,
    feed.results,
    lambda path, run: feed.inputs(path, run, "image"),
]
changes = st.lists(st.tuples(st.integers(0), st.binary(min_size=1, max_size=16)), max_size=6)
"""Bytes to write, and where."""


@pytest.mark.parametrize("journal", FOUND, ids=lambda path: path.stem)
def test_a_journal_is_read_or_refused(journal: Path, tmp_path: Path) -> None:
    """Bytes written over it anywhere, its end cut off, rubbish beside it: no other error, and no hang."""
    whole, path = journal.read_bytes(), tmp_path / "journal.db"
    names = [view.run.name for view in feed.views(journal)] if _is_readable(journal) else []

    @bounded(250)
    @given(changes=changes, cut=st.integers(0), beside=st.sampled_from(["", "-wal", "-shm"]), rubbish=st.binary())
    def reads(changes: list[tuple[int, bytes]], cut: int, beside: str, rubbish: bytes) -> None:
        data = bytearray(whole)
        for at, new in changes:
            data[at % len(data) : at % len(data) + len(new)] = new
        for left in tmp_path.iterdir():
            left.unlink()
        path.write_bytes(data[: cut % len(data)] if cut % 3 == 0 else data)
        if beside:
            path.with_name(path.name + beside).write_bytes(rubbish)
        for reader in READERS:
            for name in [*names, "another"]:
                try:
                    reader(path, name)
                except JournalError as error:
                    assert str(path) in str(error), "it names the journal"  # noqa: PT017  # any of two outcomes

    reads()


def _is_readable(journal: Path) -> bool:
    try:
        return bool(feed.views(journal))
    except JournalError:
        return False


wishes = st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode())
wishes |= st.integers(900, 100_000).map(lambda deep: b'{"what":' + b"[" * deep)
wishes |= st.fixed_dictionaries({"what": texts | values}, optional={"at": values, "image": values}).map(
    lambda data: json.dumps(data).encode()
)


@bounded(250)
@given(wish=wishes)
def test_a_request_to_a_run_is_read_or_unreadable(wish: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever lies in the control folder, the runner takes it for a request and goes on."""
    folder = tmp_path_factory.mktemp("control")
    (folder / "1.json").write_bytes(wish)
    ((_, request),) = Control(folder).waiting()
    assert isinstance(request, Request)
    assert isinstance(request.what, str)
    assert isinstance(request.at, float)
