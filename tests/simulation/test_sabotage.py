"""A checker that cannot fail is a defect: each safeguard that is taken away is missed within 500 seeds."""

from collections.abc import Iterable
from typing import Any

import pytest

from bria_async.graph.runner import Runner, Watch
from bria_async.graph.states import Change, State
from bria_async.training import lifecycle

from . import climate
from .climate import Climate
from .play import play

SEEDS = 500


def found(words: tuple[str, ...], seeds: Iterable[int]) -> str | None:
    """The first problem by one of these words, among all problems of these seeds."""
    for seed in seeds:
        verdict, _ = play(Climate.of(seed))
        for problem in verdict.problems:
            if problem.startswith(words):
                return problem
    return None


ORDINARY = [seed for seed in range(SEEDS) if seed % 5 != 4]
BEYOND = range(4, SEEDS * 5, 5)


async def nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def test_without_reconciling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not look at the server sends twice."""

    async def blind(self: Runner, task: Any, adopt: Any, rows: Any, arguments: Any, items: Any) -> dict[str, None]:
        for row in rows:
            if row.state is State.IN_DOUBT:
                await self.ledger.change(row, Change.ABSENT)
        return dict.fromkeys(row.key for row in self.ledger.of(task.name, State.DONE))

    monkeypatch.setattr(Runner, "_look", blind)
    assert found(("double_spent", "duplicated"), ORDINARY)


def test_without_intents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not write down what he is about to send does not know, when he wakes up, that he sent it."""
    monkeypatch.setattr(Watch, "announced", nothing)
    assert found(("double_spent", "duplicated"), ORDINARY)


def test_without_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks at once does not see what a slow server is still doing; the audit has to heal it."""
    monkeypatch.setattr(climate, "SETTLE", 0.0)
    assert found(("healed",), ORDINARY)


def test_without_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not compare before completing keeps what arrived after all."""
    monkeypatch.setattr(lifecycle, "audit", nothing)
    assert found(("duplicated",), BEYOND)


def test_without_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not wait for captions trains without them."""

    async def ready(session: Any, settings: Any, run: Any, dataset: Any, planned: Any) -> Any:
        return await session.datasets.get(dataset, max_images=1)

    monkeypatch.setattr(lifecycle, "until_captioned", ready)
    monkeypatch.setattr(lifecycle, "has_caption", lambda _: True)
    assert found(("uncaptioned",), ORDINARY)
