"""A soak that cannot be stopped by what it finds, that knows which code it played, and counts each seed once."""

import asyncio
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bria_async.training import lifecycle

from .climate import Climate
from .soak import digest, merge, one, shard, soak, sources


async def plain_bug(*_: Any) -> None:
    """Fail as nobody expects."""
    raise TypeError("a bug\nof two lines")


async def exits(*_: Any) -> None:
    """End the interpreter."""
    raise SystemExit(3)


async def spins(*_: Any) -> None:
    """Go round and round."""
    for _round in itertools.count():
        await asyncio.sleep(0)


async def waits(*_: Any) -> None:
    """Wait for what nobody will ever do; timers of the run go on for a while."""
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("bug", "reason"),
    [
        (plain_bug, "TypeError: a bug"),
        (exits, "SystemExit: 3"),
        (spins, "EndlessError: 10001 turns at one moment"),
        (waits, ""),
    ],
)
def test_a_bug_is_a_seed_that_is_stuck(
    bug: Any, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever ends a world, the other seeds are played, and the reason stands beside the command that replays it."""
    good, bad = 0, 3
    monkeypatch.setattr(lifecycle, "until_trained", bug)
    target = shard(tmp_path / "000000003-000000004.jsonl", range(bad, bad + 1))
    assert not soak(tmp_path, bad, 1)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"seed {bad}: stuck: ")
    assert reason in told[0]
    assert told[1] == f"  replay it: python -m tests.simulation play {bad}"
    assert json.loads(told[-1])["stuck"] == 1
    monkeypatch.undo()
    assert target.read_text().count("\n") == 1
    assert not one(Climate.of(good))["problems"], "a seed that was stuck spoiled the next"


def test_nobody_is_kept_from_interrupting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is no finding."""

    async def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lifecycle, "until_trained", interrupted)
    with pytest.raises(KeyboardInterrupt):
        one(Climate.of(3))


def test_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A soak that was interrupted goes on where it was; its last line sums up all seeds, each once."""
    shard(tmp_path / "000000000-000000005.jsonl", range(5))
    assert soak(tmp_path, 0, 5)
    before = capsys.readouterr().out.splitlines()[-1]
    shard(tmp_path / "again.jsonl", range(2, 4))
    assert merge([*tmp_path.glob("*.jsonl"), *tmp_path.glob("*.jsonl")])
    assert capsys.readouterr().out.splitlines()[-1] == before
    total = json.loads(before)
    assert total["seeds"] == 5
    assert total["done"] + total["failed"] + total["paused"] == 5
    assert total["beyond"] == {"seeds": 1, "healed": total["healed"], "duplicated": 0}


def test_code_that_changed_is_played_again(tmp_path: Path) -> None:
    """A shard of other code is made anew, and is never summed up together with this code's."""
    stale, ours = tmp_path / "000000000-000000001.jsonl", tmp_path / "000000001-000000002.jsonl"
    shard(ours, range(2))
    stale.write_text(json.dumps(one(Climate.of(0)) | {"sources": "other", "lost": 7, "problems": ["old"]}) + "\n")
    with pytest.raises(ValueError, match="not of one state of the code: "):
        merge([stale, ours])
    told = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "soak", "--seeds", "1", "--shards", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1])["lost"] == 0
    assert json.loads(stale.read_text())["sources"] == sources()
    assert merge([stale, ours])


def test_a_digest_is_of_what_is_written(tmp_path: Path) -> None:
    """Each byte and each name of the sources counts, and nothing that Python made of them."""
    (tmp_path / "one.py").write_text("1")
    first = digest(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "one.pyc").write_text("compiled")
    assert digest(tmp_path) == first
    (tmp_path / "one.py").write_text("2")
    second = digest(tmp_path)
    (tmp_path / "one.py").rename(tmp_path / "two.py")
    assert len({first, second, digest(tmp_path)}) == 3
