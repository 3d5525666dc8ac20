"""A checker that cannot fail is a defect: each safeguard that is taken away is missed within 500 seeds."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
import pytest

from bria_async.errors import RunFailed, RunPaused
from bria_async.graph.ledger import Ledger
from bria_async.graph.runner import Runner, Watch
from bria_async.graph.states import Change, State
from bria_async.host import observer
from bria_async.training import lifecycle

from . import climate
from .climate import Climate
from .play import play

pytestmark = pytest.mark.exhaustive

SEEDS = 500


def found(words: tuple[str, ...], seeds: Iterable[int]) -> str | None:
    """The first problem by one of these words, among all problems of these seeds."""
    for seed in seeds:
        verdict, _ = play(Climate.of(seed))
        for problem in verdict.problems:
            if problem.startswith(words):
                return problem
    return None


def worlds(wanted: Callable[[Climate], Any]) -> Iterator[int]:
    """The ordinary seeds whose worlds are such."""
    return (seed for seed in ORDINARY if wanted(Climate.of(seed)))


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
    assert found(("uncaptioned",), worlds(lambda one: one.options.caption_delay > 600))


# --- money and order -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["tailored.generate", "tailored.text_to_image"])
def test_billed_calls_sent_again_blind(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """Who sends again what is billed, without a word of its user, pays twice."""
    decide = Runner._without_a_look

    async def blind(self: Runner, task: Any, row: Any) -> None:
        if task.effect == "billed":
            await self.ledger.change(row, Change.ABSENT)
        else:
            await decide(self, task, row)

    monkeypatch.setattr(Runner, "_without_a_look", blind)
    assert found(("double_spent: 'a lighthouse",), worlds(lambda one: one.plan.samples and one.weather.aims[operation]))


def test_billed_calls_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends what is billed behind the back of its journal is found out by what the server has drawn."""

    async def twice(session: Any, plan: Any, trained: Any, prompt: Any) -> Any:
        token = observer.set(None)
        try:
            await lifecycle.submission_v1(session, plan, trained, prompt)
        finally:
            observer.reset(token)
        return await lifecycle.submission_v1(session, plan, trained, prompt)

    again = attrs.evolve(lifecycle.submission_v1, function=twice)
    legacy = tuple(again if task is lifecycle.submission_v1 else task for task in lifecycle.SHAPES["legacy"])
    monkeypatch.setattr(lifecycle, "SHAPES", {**lifecycle.SHAPES, "legacy": legacy})
    assert found(("double_spent: 'a lighthouse",), worlds(lambda one: one.plan.samples and one.shape == "legacy"))


def test_cheap_calls_sent_again_untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends again what costs little has to tell."""

    async def blind(self: Runner, task: Any, row: Any) -> None:
        await self.ledger.change(row, Change.ABSENT)

    monkeypatch.setattr(Runner, "_without_a_look", blind)
    operation = "tailored.generate_visual_schema"
    assert found((f"double_spent: {operation}",), worlds(lambda one: one.weather.aims[operation]))


def test_intents_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not wait until an intent is on disk sends what nobody knows of after a crash."""

    async def announced(self: Watch, effect: str) -> None:
        self.interruptible.discard(self.scope)
        self.ledger.leave(self.row, Change.ANNOUNCED, effect)

    monkeypatch.setattr(Watch, "announced", announced)
    assert found(("early: projects.create has left", "early: datasets.create has left"), range(9))


def test_told_before_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who tells what is not on disk yet tells what may never have happened."""

    def note(self: Ledger, what: Any, row: Any = None, **data: Any) -> None:
        entry = self._event(what, row, data)
        self.journal.queue(entry)
        self._emit(entry, row, data)

    monkeypatch.setattr(Ledger, "note", note)
    assert found(("early: ",), range(9))


# --- ends ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "end", [RunFailed("It failed, as always.", "world"), RunPaused("Not today.", "world"), TypeError("a bug")], ids=repr
)
def test_other_ends(monkeypatch: pytest.MonkeyPatch, end: Exception) -> None:
    """Who always fails, pauses or breaks scores no zeros: only its world excuses a run."""

    async def until(*_: Any) -> Any:
        raise end

    monkeypatch.setattr(lifecycle, "until_trained", until)
    for seed in (0, 6, 7):
        verdict, _ = play(Climate.of(seed))
        assert verdict.stuck == 1, f"{seed}: {verdict}"
        assert (verdict.outcome[:5], verdict.paused) == ("stuck", 0), f"{seed}: {verdict}"
