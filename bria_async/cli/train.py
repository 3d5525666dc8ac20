"""`train` and `resume`: a run from its plan to its samples, as often as it takes."""

import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from bria_async.errors import BriaError, RunPaused
from bria_async.graph.control import STOP, Request
from bria_async.host import Host

from .advice import typed
from .exits import Exit, Failure, exit_of
from .facts import next_command, view_of
from .figures import duration
from .flags import (
    Lazy,
    connection_of,
    how_flags,
    json_flag,
    plan_flags,
    plan_of,
    session_flags,
    session_of,
    settings_flags,
    settings_of,
    state_flag,
)
from .follow import Follower, following
from .plain import Json, Lines
from .work import Interrupted, run

if TYPE_CHECKING:
    from bria_async.graph.events import Event
    from bria_async.session import Session
    from bria_async.training import Settings, Trained

    from .follow import Display

SHOWN = 20
"""Items that a summary names one by one."""


@click.command(cls=Lazy, lazy=(plan_flags, settings_flags))
@click.argument("folder", required=False)
@click.option("--plan", "file", type=Path, metavar="FILE", help="A plan as TOML; flags come before what it says.")
@json_flag
@state_flag
@session_flags
def train(folder: str | None, file: Path | None, *, as_json: bool, **given: Any) -> None:
    """Train a tailored model on the images in FOLDER.

    The same command continues a run that stopped, and shows the summary of one that is done. Every step is in the run's
    journal before anything depends on it; nothing that was paid for is sent again.
    """
    from bria_async import training  # slow to import

    settings, connection = _taken(given)
    plan = plan_of(folder, file, given)

    def start(bria: "Session", settings: "Settings", on_event: "_Listener") -> "Awaitable[Trained]":
        return training.train(bria, plan, settings=settings, on_event=[on_event])

    _Work(plan.run, settings, connection, as_json, f"looking at the images in {plan.images}").carry_out(start)


@click.command(cls=Lazy, lazy=(how_flags, settings_flags))
@click.argument("run")
@json_flag
@state_flag
@session_flags
def resume(run: str, *, as_json: bool, **given: Any) -> None:
    """Continue a run by its id, with the plan it was started with."""
    from bria_async import training  # slow to import

    settings, connection = _taken(given)
    how = {name: value for name, value in given.items() if value is not None}

    def start(bria: "Session", settings: "Settings", on_event: "_Listener") -> "Awaitable[Trained]":
        return training.resume(bria, run, settings=settings, on_event=[on_event], **how)

    _Work(run, settings, connection, as_json, f"opening the journal of {run}").carry_out(start)


_Listener = Callable[["Event"], None]
_Start = Callable[["Session", "Settings", _Listener], "Awaitable[Trained]"]


def _taken(given: dict[str, Any]) -> tuple["Settings", dict[str, Any]]:
    """Settings and connection out of what was given; the plan's fields remain."""
    settings = settings_of(**{name: given.pop(name) for name in _keywords(settings_of)})
    return settings, {name: given.pop(name) for name in _keywords(connection_of)}


def _keywords(function: Callable[..., Any]) -> list[str]:
    """The names of its keyword-only parameters."""
    parameters = inspect.signature(function).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]


@attrs.define
class _Work:
    """Work on one run, shown while it goes on and ended in order by a signal."""

    run: str
    settings: "Settings"
    connection: Mapping[str, Any]
    as_json: bool
    before: str
    """What is done before there is a journal."""
    _started: bool = attrs.field(default=False, init=False)

    def carry_out(self, start: _Start) -> None:
        """Do it, and print what came of it.

        Raises:
            Failure: with the sentence to print and the exit code.
        """
        display = display_for(as_json=self.as_json)
        try:
            trained = run(self._follow(start, display), self._ask_to_stop)
            display.summary(self._summary(trained), {"exit": Exit.DONE, **_data_of(trained)})
        except (BriaError, Interrupted) as error:
            failure = self._failure(error)
            if self.as_json:
                data = {"exit": failure.code, "run": self.run, "error": failure.message}
                display.summary(failure.message, data)
            raise failure from error
        finally:
            display.close()

    async def _follow(self, start: _Start, display: "Display") -> "Trained":
        from bria_async.training.place import Place  # slow to import

        follower = Follower(Place.of(self.run, self.settings.state).journal, self.run, display)
        async with session_of(**self.connection) as bria:
            display.waiting(self.before)
            follower.skip()
            async with following(follower):
                return await start(bria, self.settings, self._on_event)

    def _on_event(self, _: "Event") -> None:
        self._started = True

    def _ask_to_stop(self) -> bool:
        """Ask the engine, once it listens: what is on its way may still finish."""
        from bria_async.training.place import Place  # as above

        if not self._started:
            return False
        try:
            Place.of(self.run, self.settings.state).control.ask(Request(STOP), Host())
        except OSError:
            return False
        sys.stderr.write("Stopping: requests on their way may finish. Once more to stop at once.\n")
        return True

    def _failure(self, error: BriaError | Interrupted) -> Failure:
        from bria_async.training.place import Place  # slow to import

        if isinstance(error, BriaError) and not isinstance(error, RunPaused):
            return Failure.of(error)
        what, code = (error.message, exit_of(error)) if isinstance(error, BriaError) else ("Interrupted.", error.code)
        if not Place.of(self.run, self.settings.state).journal.exists():
            return Failure(f"{what} Nothing was created.", code)
        return Failure(f"{what} Everything done so far is safe. Continue with:\n  bria-async resume {self.run}", code)

    def _summary(self, trained: "Trained") -> str:
        journal = trained.folder / "journal.db"
        return f"{words_of(trained)}\nnext: {next_command(journal, view_of(journal, self.run))}"


def display_for(*, as_json: bool) -> "Display":
    """JSON when asked for, a live table on a terminal, plain lines elsewhere."""
    if as_json:
        return Json()
    if not sys.stdout.isatty():
        return Lines()
    from .terminal import Terminal  # as above

    return Terminal()


def _data_of(trained: "Trained") -> dict[str, Any]:
    from bria_async.wire.convert import unstructure  # slow to import

    data: dict[str, Any] = unstructure(trained)
    return data


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
