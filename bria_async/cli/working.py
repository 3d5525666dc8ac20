"""Work on a run or on a batch: shown while it goes on, and ended in order by a signal."""

import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from bria_async.dashboard.facts import command_on, next_command, view_of
from bria_async.dashboard.figures import duration
from bria_async.dashboard.overview import Overview
from bria_async.errors import BriaError, RunCancelled, RunPaused
from bria_async.graph.control import STOP, Request
from bria_async.graph.events import Happened
from bria_async.host import Host

from .advice import typed
from .exits import Exit, Failure, exit_of, worst
from .flags import session_of
from .follow import Display, Follower, ManyRuns, Numbered, OneRun, Source, following
from .plain import BatchLines, Json, Lines
from .screen import is_screen
from .work import Interrupted, run

if TYPE_CHECKING:
    from bria_async.graph.events import Event
    from bria_async.session import Session
    from bria_async.training import Batched, Member, Settings, Trained
    from bria_async.training.place import Place

SHOWN = 20
"""Items that a summary names one by one."""
NAMED = 3
"""Runs that are named where several stopped for one reason."""

R = TypeVar("R")
Listener = Callable[["Event"], None]
Start = Callable[["Session", "Settings", Listener], Awaitable[R]]


@attrs.define
class Work(ABC, Generic[R]):
    """What one process does on a run or on a batch."""

    place: "Place"
    settings: "Settings"
    connection: Mapping[str, Any]
    as_json: bool
    before: str
    """What is done before there is a journal."""
    _started: bool = attrs.field(default=False, init=False)

    @property
    @abstractmethod
    def source(self) -> Source[Any]:
        """Where it can be seen how it is."""

    @property
    @abstractmethod
    def display(self) -> Display[Any]:
        """What shows it."""

    @abstractmethod
    def tell(self, result: R, display: Display[Any]) -> None:
        """Print what came of it."""

    def carry_out(self, start: Start[R]) -> None:
        """Do it, and print what came of it.

        Raises:
            Failure: with the sentence to print and the exit code.
        """
        display = self.display
        try:
            self.tell(run(self._follow(start, display), self._ask_to_stop), display)
        except (BriaError, Interrupted) as error:
            raise self.failure(error, display) from error
        finally:
            display.close()

    def failure(self, error: BriaError | Interrupted, display: Display[Any]) -> Failure:
        """The end of a command that met this error."""
        failure = self._failure(error)
        if self.as_json:
            data = {"exit": failure.code, "run": self.place.title, "error": failure.message}
            display.summary(failure.message, data)
        return failure

    async def _follow(self, start: Start[R], display: Display[Any]) -> R:
        follower = Follower(self.source, display)
        async with session_of(**self.connection) as bria:
            display.waiting(self.before)
            follower.skip()
            async with following(follower):
                return await start(bria, self.settings, self._on_event)

    def _on_event(self, event: "Event") -> None:  # noqa: ARG002  # a batch looks at it
        self._started = True

    def _ask_to_stop(self) -> bool:
        """Ask the engine, once it listens: what is on its way may still finish."""
        if not self._started:
            return False
        try:
            self.place.control.ask(Request(STOP), Host())
        except OSError:
            return False
        sys.stderr.write("Stopping: requests on their way may finish. Once more to stop at once.\n")
        return True

    def _failure(self, error: BriaError | Interrupted) -> Failure:
        if isinstance(error, BriaError) and not isinstance(error, RunPaused):
            return Failure.of(error)
        what, code = (error.message, exit_of(error)) if isinstance(error, BriaError) else ("Interrupted", error.code)
        what = f"{what.removesuffix('.')}."
        if not self.place.journal.exists():
            return Failure(f"{what} Nothing was created.", code)
        return Failure(f"{what} {self._safe}", code)

    @property
    def _safe(self) -> str:
        return f"Everything done so far is safe. Continue with:\n  bria-async resume {self.place.title}"


@attrs.define
class RunWork(Work["Trained"]):
    """Work on one run."""

    @property
    def source(self) -> Source[Any]:
        """Its journal."""
        return OneRun(self.place.journal, self.place.name)

    @property
    def display(self) -> Display[Any]:
        """The steps of one run."""
        return display_for(self.place, as_json=self.as_json)

    def tell(self, result: "Trained", display: Display[Any]) -> None:
        """Print what it made, and what to type next."""
        following = next_command(self.place, view_of(self.place.journal, self.place.name))
        display.summary(
            typed(f"{words_of(result)}\nnext: {following}"), {"exit": Exit.DONE, **_data_of(result, self.place)}
        )


@attrs.define
class BatchWork(Work["Batched"]):
    """Work on many runs."""

    planned: tuple[str, ...] = attrs.field(kw_only=True)
    """The runs that it is to train, by what it is given or remembers."""
    members: "Sequence[Member] | None" = attrs.field(default=None, kw_only=True)
    """What it is given; None to go on with what it remembers."""
    how: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)
    """What is changed of what it remembers."""
    _not_begun: deque["Event"] = attrs.field(factory=deque, init=False)
    _batched: "Batched | None" = attrs.field(default=None, init=False)

    @property
    def source(self) -> Source[Any]:
        """Their journal, and what happened beside it."""
        return _BesidesJournal(self.place.journal, self.place.name, self.planned, not_begun=self._not_begun)

    @property
    def display(self) -> Display[Any]:
        """Many runs together."""
        return display_for(self.place, as_json=self.as_json, many=True)

    def train(self, on_failure: Any) -> None:
        """Train them all.

        Raises:
            Failure: with the sentence to print and the exit code of the worst, unless all are trained.
        """
        from bria_async import training  # slow to import

        async def start(bria: "Session", settings: "Settings", on_event: Listener) -> "Batched":
            self._batched = await training.train_many(
                bria,
                self.members,
                name=self.place.name,
                settings=settings,
                on_failure=on_failure,
                how=self.how,
                on_event=[on_event],
            )
            for error in self._batched.failed.values():
                if isinstance(error, RunCancelled):
                    raise error  # it may be a signal that stopped them
            return self._batched

        self.carry_out(start)

    def _on_event(self, event: "Event") -> None:
        super()._on_event(event)
        if event.what == Happened.NOT_BEGUN:
            self._not_begun.append(event)

    def failure(self, error: BriaError | Interrupted, display: Display[Any]) -> Failure:
        """The same; where all runs have stopped in order, with what came of them."""
        if self._batched is None:
            return super().failure(error, display)
        return self._sum_up(self._batched, display, error.code if isinstance(error, Interrupted) else None)

    def tell(self, result: "Batched", display: Display[Any]) -> None:
        """Print what came of each.

        Raises:
            Failure: some are not trained.
        """
        failure = self._sum_up(result, display)
        if failure.code != Exit.DONE:
            raise failure

    def _sum_up(self, batched: "Batched", display: Display[Any], code: Exit | None = None) -> Failure:
        from bria_async.training.batch import in_one_line  # slow to import

        failed, name = batched.failed, self.place.name
        runs = len(batched.trained) + len(failed)
        code = code or worst(failed.values())
        images = sum(trained.images for trained in batched.trained.values())
        lines = [f"{name}: {len(batched.trained):,} of {runs:,} runs are trained, {images:,} images."]
        lines += [f"  {line}" for line in reasons_of({run: in_one_line(error) for run, error in failed.items()}, name)]
        if not failed:
            lines.append(typed(f"next: bria-async show {name}"))
        places = {run: self.place.run(run) for run in (*batched.trained, *failed)}
        trained = {places[run].title: _data_of(found, places[run]) for run, found in batched.trained.items()}
        errors = {places[run].title: {"exit": exit_of(why), "error": str(why)} for run, why in failed.items()}
        display.summary("\n".join(lines), {"exit": code, "batch": name, "trained": trained, "failed": errors})
        if all(exit_of(error) is Exit.FAILED for error in failed.values()):
            return Failure("They failed for good: train them again under other names.", code)
        return Failure(f"{'' if code < Exit.INTERRUPTED else 'Interrupted. '}{self._safe}", code)


@attrs.define
class _BesidesJournal(ManyRuns):
    """The runs of a journal, and those that do not begin, which are in none: their events have no number there."""

    not_begun: deque["Event"] = attrs.field(kw_only=True)

    def read(self, after: int) -> tuple[Overview, Numbered]:
        """Look at them."""
        overview, events = super().read(after)
        return overview, [*events, *((0, self.not_begun.popleft()) for _ in range(len(self.not_begun)))]


def reasons_of(reasons: Mapping[str, str], batch: str) -> Sequence[str]:
    """Why runs are not trained, a line for each reason and not for each run."""
    alike: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        alike.setdefault(reason, []).append(name)
    lines = []
    for reason, names in alike.items():
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        lines.append(f"{', '.join(names[:NAMED])}{more}: {typed(reason)}")
    if len(lines) > SHOWN:
        lines[SHOWN:] = [typed(f"and {len(lines) - SHOWN:,} more reasons: bria-async show {batch} --json")]
    return lines


def display_for(place: "Place", *, as_json: bool, many: bool = False) -> Display[Any]:
    """JSON when asked for, a live table on a screen, plain lines elsewhere; `many`: the place is that of a batch."""
    if as_json:
        return Json(place.run if many else lambda _: place)

    def approve(run: str) -> str:
        return command_on(place.run(run) if many else place, "approve")

    if not is_screen(sys.stdout):
        return BatchLines(approve) if many else Lines(approve)
    from .terminal import BatchTerminal, Terminal  # slow to import

    return BatchTerminal(approve) if many else Terminal(approve)


def _data_of(trained: "Trained", place: "Place") -> dict[str, Any]:
    from bria_async.wire.convert import unstructure  # slow to import

    return {**unstructure(trained), "run": place.title}


def words_of(trained: "Trained") -> str:
    """What a run made."""
    lines = [f"{trained.run} is trained, {duration(trained.seconds)} from its start to its end."]
    facts = {
        "model": trained.model_id,
        "dataset": f"{trained.dataset_id}, {trained.images:,} images",
        "project": trained.project_id,
        "samples": f"{len(trained.samples)} in {trained.samples[0].path.parent}" if trained.samples else None,
        "adopted": f"{trained.adopted} found on the server instead of being sent twice" if trained.adopted else None,
        "charged": f"{trained.perhaps_charged} calls perhaps, their answers were lost"
        if trained.perhaps_charged
        else None,
        "left out": f"{len(trained.skipped):,}" if trained.skipped else None,
    }
    lines += [f"  {name:9} {value}" for name, value in facts.items() if value is not None]
    lines += [f"    {what}: {reason}" for what, reason in list(trained.skipped.items())[:SHOWN]]
    if len(trained.skipped) > SHOWN:
        lines.append(typed(f"    and more: bria-async show {trained.run}"))
    return "\n".join(lines)
