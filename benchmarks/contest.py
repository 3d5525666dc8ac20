"""A question, who answers it, and the interleaved rounds in which they do.

Every contender is a process of its own that stays for all rounds and does one round when it is told to: A, B, C, A, B,
C, ... So a machine that gets slower or faster on the way does it to all of them, and the ratio to the reference is
taken round by round. A server, where there is one, is another process on another core.
"""

import contextlib
import functools
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from .contender import FAST

CLIENT_CORE, SERVER_CORE = 0, 1


@attrs.frozen
class Contender:
    """Who answers: `run` names a context manager `module:function`, as `benchmarks.contender` describes them.

    `fast` lets it see the packages of the extra `fast`, and gives it their event loop; nobody else has them. `needs`
    are packages without which it is left out.
    """

    name: str
    run: str
    fast: bool = False
    needs: tuple[str, ...] = ()
    options: Mapping[str, Any] = attrs.field(factory=dict)

    def missing(self) -> list[str]:
        """The packages that it needs and that are not here."""
        needs = (*self.needs, *(FAST if self.fast else ()))
        return [name for name in needs if importlib.util.find_spec(name) is None]


@attrs.frozen
class Bar:
    """How much of `figure` one contender may take, as a multiple of another, or in itself where there is none."""

    contender: str
    most: float
    reference: str | None = None
    figure: str | None = None
    least: bool = False

    def met(self, value: float) -> bool:
        """Whether this is good enough."""
        return value >= self.most if self.least else value <= self.most

    def __str__(self) -> str:
        """As a table says it."""
        than = f" x {self.reference}" if self.reference else ""
        return f"{'>=' if self.least else '<='} {self.most:g}{than}"


@attrs.frozen
class Question:
    """What is asked: of whom, with which server, in which figure, and what the answer should be."""

    name: str
    asks: str
    figure: str
    unit: str
    contenders: Sequence[Contender]
    bars: Sequence[Bar] = ()
    server: Sequence[str] = ()
    work: Mapping[str, Any] = attrs.field(factory=dict)
    """What is the same for all contenders, such as how many calls a round has."""
    quick: Mapping[str, Any] = attrs.field(factory=dict)
    """What is smaller when it is only to be seen that it works."""
    prepared: Callable[[Mapping[str, Any]], contextlib.AbstractContextManager[Mapping[str, Any]]] | None = None
    """What has to be there before, such as files: it is given the work, and gives more of it."""
    fresh: bool = False
    """Whether everybody starts anew for each round."""
    pinned: bool = True
    """Whether everybody has one core."""
    rounds: int = 7
    also: tuple[str, ...] = ()
    """Further figures to show."""


Rounds = dict[str, list[dict[str, float]]]
"""Contender -> the figures of each of its rounds."""


@attrs.frozen
class Answer:
    """What came out."""

    question: Question
    rounds: Rounds
    left_out: Mapping[str, str]

    def median(self, contender: str, figure: str) -> float:
        """Of one contender, over its rounds."""
        return statistics.median(each[figure] for each in self.rounds[contender])

    def ratio(self, contender: str, reference: str, figure: str) -> float:
        """The median of the ratios of each round."""
        pairs = zip(self.rounds[contender], self.rounds[reference], strict=True)
        return statistics.median(one[figure] / other[figure] for one, other in pairs)

    def judged(self) -> list[tuple[Bar, float | None]]:
        """Each bar and what was reached; None where one of the two was left out."""
        return [(bar, self._reached(bar)) for bar in self.question.bars]

    def _reached(self, bar: Bar) -> float | None:
        figure = bar.figure or self.question.figure
        if bar.contender not in self.rounds or bar.reference not in (None, *self.rounds):
            return None
        if bar.reference is None:
            return self.median(bar.contender, figure)
        return self.ratio(bar.contender, bar.reference, figure)


def ask(question: Question, *, rounds: int | None = None, quick: bool = False) -> Answer:
    """Let all contenders that are here do their rounds."""
    work = {**question.work, **(question.quick if quick else {})}
    left_out = {each.name: f"needs {', '.join(each.missing())}" for each in question.contenders if each.missing()}
    present = [each for each in question.contenders if each.name not in left_out]
    found: Rounds = {each.name: [] for each in present}
    with contextlib.ExitStack() as stack:
        if question.server:
            work |= stack.enter_context(served(question.server))
        if question.prepared:
            work |= stack.enter_context(question.prepared(work))
        start = functools.partial(started, work=work, pinned=question.pinned)
        running = {} if question.fresh else {each.name: stack.enter_context(start(each)) for each in present}
        for _ in range(rounds or question.rounds):
            for each in present:
                with start(each) if question.fresh else contextlib.nullcontext(running[each.name]) as process:
                    found[each.name].append(told(process, "go"))
    return Answer(question, found, left_out)


@contextlib.contextmanager
def started(contender: Contender, work: Mapping[str, Any], *, pinned: bool = True) -> Iterator[subprocess.Popen[str]]:
    """A contender in its process, ready for its first round."""
    task = {"run": contender.run, "fast": contender.fast, "work": {**work, **contender.options}}
    command = [sys.executable, "-m", "benchmarks.contender", json.dumps(task)]
    with _process(command, CLIENT_CORE if pinned else None) as process:
        heard(process)
        yield process


@contextlib.contextmanager
def served(command: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """A server in its process, and what it says of itself."""
    with _process([sys.executable, "-m", *command], SERVER_CORE) as process:
        yield heard(process)


@contextlib.contextmanager
def _process(command: Sequence[str], core: int | None) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if core is not None:
            pin(process.pid, core)
        try:
            yield process
        finally:
            process.kill()


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, where there are several and the system can."""
    if hasattr(os, "sched_setaffinity") and len(cores := sorted(os.sched_getaffinity(0))) > 1:
        os.sched_setaffinity(pid, {cores[core % len(cores)]})


def told(process: subprocess.Popen[str], word: str) -> dict[str, float]:
    """Tell a contender to do a round, and hear what it took."""
    assert process.stdin
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
    return heard(process)


def heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line that a process says."""
    assert process.stdout
    if not (line := process.stdout.readline()):
        raise RuntimeError(f"{process.args!r} ended early")
    found: dict[str, Any] = json.loads(line)
    return found
