"""What a page shows of a run, as frozen values made of its journal: reports on disk and live pages show the same."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from bria_async.graph import feed
from bria_async.graph.control import Request
from bria_async.graph.events import Event, Happened
from bria_async.graph.feed import View
from bria_async.graph.graph import Graph
from bria_async.graph.records import Row
from bria_async.graph.states import State
from bria_async.images.findings import of_file
from bria_async.images.probe import ImageFile
from bria_async.images.terms import Terms
from bria_async.training.changes import plan_of
from bria_async.training.lifecycle import shape
from bria_async.training.place import Place
from bria_async.training.plan import Plan
from bria_async.training.result import Results
from bria_async.training.samples import Prompt, Sample
from bria_async.types.common import Id
from bria_async.types.jobs import Submission
from bria_async.wire.convert import structure
from bria_async.wire.redaction import excerpt, shown

from .drafts import Draft, described, draft_of, edits_of
from .drawing import Arcs, Plot, Timeline, arcs, plot, timelines
from .facts import NAMED, command_on, facts_of, next_command, view_of
from .figures import Stage, duration, stages, told, took
from .history import (
    FOUND,
    Limit,
    Span,
    ahead,
    is_throttled,
    limit_of,
    marks_of_run,
    marks_of_steps,
    sent_of,
    spans,
    stretches,
    uploads,
)

LOOKS: Mapping[str, tuple[str, str]] = {
    "done": ("✓", "done"),
    "adopted": ("◎", "found on the server"),
    "resent": ("↻", "sent again"),
    "intent": ("↑", "on its way"),
    "pending": ("○", "to come"),
    "in_doubt": ("?", "in doubt"),
    "failed": ("✕", "failed"),
    "skipped": ("–", "left out"),  # noqa: RUF001  # a dash
    "running": ("▶", "running"),
    "paused": ("‖", "paused"),
    "waiting": ("…", "waits for a worker"),
    "interrupted": ("†", "interrupted"),
    "not begun": ("○", "not begun"),
}
"""States of images, steps, samples and runs: the sign and the words of each, never a colour alone."""


@attrs.frozen
class Tile:
    """An image of the dataset: its file, and what became of it; `state` is one of `LOOKS`."""

    number: int
    """Its place among them, which is what an address names it by."""
    image: ImageFile
    state: str
    sent: int = 0
    id: Id | None = None
    reason: str = ""
    caption: str = ""
    """As it is trained on, where that is known: the server's words."""
    warnings: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The caption as people read it."""
        return described(self.caption)


@attrs.frozen
class Picture:
    """A sample: what was asked for, and what came of it; `job` is its request id (FIBO)."""

    number: int
    prompt: Prompt
    state: str
    sample: Sample | None = None
    job: str = ""
    sent: int = 0
    reason: str = ""


@attrs.frozen
class Step:
    """A task of the graph: its numbers, its effect, and when it went on."""

    stage: Stage
    effect: str
    state: str
    sent: int
    """Its requests that create something, whatever came of them."""
    needs: tuple[str, ...]
    took: str
    """How long it took, or takes by now; empty where it was not reached."""

    @property
    def numbers(self) -> str:
        """How many of its items are done, where it has many."""
        return f"{self.stage.done:,} of {self.stage.total:,}" if self.stage.total > 1 else ""


@attrs.frozen(kw_only=True)
class RunPage:
    """A run: its numbers, its steps, its images and samples, and what happened."""

    title: str
    state: str
    reason: str
    created: float
    at: float
    """When it was read."""
    seq: int
    """The newest event in it."""
    ahead: tuple[str, ...]
    """How long it still takes, as far as anybody knows."""
    next: str
    """What to type next."""
    approve: str
    """What to type to approve it."""
    numbers: tuple[tuple[str, str], ...]
    """What to read first: names and values."""
    settings: tuple[tuple[str, str], ...]
    ids: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    tiles: tuple[Tile, ...]
    pictures: tuple[Picture, ...]
    findings: tuple[str, ...]
    """What was told of its images and their captions, warnings first."""
    log: tuple[tuple[float, str], ...]
    """What happened in plain words, the newest first."""
    timelines: tuple[Timeline, ...]
    """For a screen and for a phone; none where nobody began."""
    arcs: Arcs
    plot: Plot | None
    limit: Limit
    draft: Draft | None
    captions: Mapping[str, str] = attrs.field(repr=False)
    """All that its journal tells, by the ids of their images."""

    @property
    def tally(self) -> tuple[tuple[str, int], ...]:
        """How many images are in which state."""
        counts = {state: sum(tile.state == state for tile in self.tiles) for state in LOOKS}
        return tuple((state, number) for state, number in counts.items() if number)

    @functools.cached_property
    def by_id(self) -> Mapping[str, Tile]:
        """Its images on the server, by their ids there."""
        return {str(tile.id): tile for tile in self.tiles if tile.id is not None}


def read_run(place: Place, now: float, before: RunPage | None = None) -> RunPage:
    """Read what a page shows of a run, whoever works on it; blocks. Captions are taken from a page `before`.

    Raises:
        JournalError: the journal cannot be read, or holds no such run.
        PlanInvalid: another version of this library began the run, whose plan this one cannot read.
    """
    journal, run = place.source, place.name
    with feed.held(journal):
        view = view_of(journal, run)
        facts, following = facts_of(place, view), next_command(place, view)
        images, prompts = feed.inputs(journal, run, "image"), feed.inputs(journal, run, "prompt")
        rows, events = feed.rows(journal, run), [event for _, event in feed.events(journal, run)]
        edits = edits_of(place, view)
        captions = _captions(journal, view, before)  # last: none is told meanwhile that the next page does not read
    plan = plan_of(view.run)
    return run_page(
        view,
        plan,
        events,
        Results.of_rows(shape(plan, len(images)), rows),
        facts,
        title=place.title,
        following=following,
        approve=command_on(place, "approve"),
        images={key: structure(data, ImageFile) for key, data in images.items()},
        prompts={key: structure(data, Prompt) for key, data in prompts.items()},
        captions=captions,
        now=now,
        edits=edits,
    )


def _captions(journal: feed.Source, view: View, before: RunPage | None) -> Mapping[str, str]:
    """Those that are told of a run; up to an earlier page of the same journal they are as that has them."""
    if before is None or before.created != view.run.created:
        return feed.captions(journal, view.run.name)
    return {**before.captions, **feed.captions(journal, view.run.name, before.seq)}


def run_page(
    view: View,
    plan: Plan,
    events: Sequence[Event],
    results: Results,
    facts: Mapping[str, Any],
    *,
    title: str,
    following: str,
    approve: str,
    images: Mapping[str, ImageFile],
    prompts: Mapping[str, Prompt],
    captions: Mapping[str, str],
    now: float,
    edits: Sequence[Request] = (),
) -> RunPage:
    """What a page shows of a run, of all that its journal holds."""
    found, sent = stages(view), sent_of(events)
    worked = stretches(events, now, alive=view.alive)
    lasted = spans(results.graph, found, events)
    tiles = tuple(_tiles(results, sent, images, captions, plan.terms, alive=view.alive))
    until = worked[-1].end if worked else view.run.created
    limit = limit_of(events)
    busy = sum(one.end - one.start for one in worked)
    steps = tuple(_steps(results.graph, found, sent, lasted, until, alive=view.alive))
    return RunPage(
        title=title,
        state=view.state,
        reason=excerpt(view.run.reason or ""),
        created=view.run.created,
        at=now,
        seq=events[-1].seq if events else 0,
        ahead=tuple(ahead(view, found, events, lasted, worked)),
        next=following,
        approve=approve,
        numbers=tuple(_numbers(facts, events, results, steps, until - view.run.created, busy)),
        settings=tuple(_settings(plan, view)),
        ids=tuple((name, str(facts[name])) for name in NAMED if facts[name] is not None),
        steps=steps,
        tiles=tiles,
        pictures=tuple(_pictures(results, sent, prompts, alive=view.alive)),
        findings=tuple(excerpt(words) for what in FOUND for _, words in told(events, frozenset({what}))),
        log=tuple((at, excerpt(words)) for at, words in sorted(told(events), key=lambda line: line[0], reverse=True)),
        timelines=timelines(
            lasted,
            worked,
            [event.at for event in events],
            tuple(marks_of_run(events, worked)),
            marks_of_steps(events),
        ),
        arcs=arcs(results.graph, {step.stage.name for step in steps}),
        plot=plot(list(uploads(events)), limit.known),
        limit=limit,
        draft=draft_of(view, results, events, edits),
        captions=captions,
    )


def _numbers(
    facts: Mapping[str, Any],
    events: Sequence[Event],
    results: Results,
    steps: Iterable[Step],
    lasted: float,
    worked: float,
) -> Iterable[tuple[str, str]]:
    def count(what: Callable[[Event], bool]) -> str:
        return f"{sum(map(what, events)):,}"

    throttled = sum(float(event.data.get("wait") or 0) for event in events if is_throttled(event))
    adopted = sum(row.via == "adopted" for found in results.rows.values() for row in found.values())
    numbers = {name: sum(row.state is State.DONE for row in found.values()) for name, found in results.rows.items()}
    billed = [task.name for task in results.graph.tasks if task.effect == "billed"]
    yield "images", f"{facts['uploaded']:,} of {facts['images']:,}"
    yield "from start to end", took(lasted)
    yield "worked on", took(worked)
    yield "trainings", f"{numbers.get('training', 0):,}"
    yield "generations", f"{sum(numbers.get(name, 0) for name in billed):,}"
    yield "creating requests", f"{sum(step.sent for step in steps):,}"
    yield "repeated", count(lambda event: event.what == Happened.RETRIED)
    yield "waited for 429", duration(throttled)
    yield "found, not sent twice", f"{adopted:,}"
    yield "perhaps charged", count(lambda event: event.what == Happened.CHARGED)


def _settings(plan: Plan, view: View) -> Iterable[tuple[str, str]]:
    for field in attrs.fields(Plan):
        value = getattr(plan, field.name)
        if field.name == "expert" and value is not None:
            yield from ((name, str(each)) for name, each in attrs.asdict(value).items() if each is not None)
        elif field.name != "samples" and value not in (None, ""):
            yield field.name, str(value).lower() if isinstance(value, bool) else str(value)
    yield "server", shown(str(view.run.plan.get("base_url", "")))


def _steps(
    graph: Graph,
    found: Iterable[Stage],
    sent: Counter[tuple[str, str]],
    lasted: Mapping[str, Span],
    until: float,
    *,
    alive: bool,
) -> Iterable[Step]:
    by_name = {stage.name: stage for stage in found}
    for task in graph.order():
        if (stage := by_name.get(task.name)) is None:
            continue
        span = lasted.get(task.name)
        lasts = "" if span is None else took((until if span.end is None else span.end) - span.start)
        requests = sum(number for (name, _), number in sent.items() if name == task.name)
        needs = tuple(edge.name for edge in graph.edges(task))
        yield Step(stage, task.effect, _state_of(stage, span is not None, alive=alive), requests, needs, lasts)


def _state_of(stage: Stage, reached: bool, *, alive: bool) -> str:
    """What most needs somebody of a step's items; what was on its way when its process died is in doubt."""
    numbers = (
        (stage.failed, "failed"),
        (stage.doubtful, "in_doubt"),
        (stage.under_way, "intent" if alive else "in_doubt"),
        (stage.left, "running" if reached and alive else "pending"),
        (stage.done, "done"),
    )
    return next((state for number, state in numbers if number), "skipped" if stage.total else "done")


def _tiles(
    results: Results,
    sent: Counter[tuple[str, str]],
    images: Mapping[str, ImageFile],
    captions: Mapping[str, str],
    terms: Terms,
    *,
    alive: bool,
) -> Iterable[Tile]:
    by_zip = "bulk" in results.rows
    stored: Mapping[str, Any] = (results.one("upload") or {}) if by_zip else results.of("upload")
    rows, whole = results.rows.get("upload", {}), results.rows.get("bulk", {}).get("")
    for number, (key, image) in enumerate(images.items()):
        row = whole if by_zip else rows.get(key)
        there = stored.get(key)
        state = _look(row, alive=alive)
        if by_zip and there is None and state in ("done", "adopted", "resent"):
            state = "skipped" if rows[""].state is State.DONE else "intent"
        yield Tile(
            number,
            image,
            state,
            sent[row.name, row.key] if row else 0,
            there.id if there else None,
            excerpt((row.reason if row else None) or ""),
            captions.get(str(there.id), "") if there else "",
            tuple(dict.fromkeys((*image.warnings, *_warnings(image, terms, zipped=by_zip)))),
        )


def _warnings(image: ImageFile, terms: Terms, *, zipped: bool) -> Iterator[str]:
    return (finding.words for finding in of_file(image, terms, zipped=zipped) if finding.level != "info")


def _look(row: Row | None, *, alive: bool) -> str:
    """The state of a task's item, as one of `LOOKS`; without its process what is on its way is in doubt."""
    if row is None:
        return "pending"
    if row.state is State.INTENT and not alive:
        return State.IN_DOUBT
    return row.via if row.state is State.DONE and row.via in ("adopted", "resent") else row.state


def _pictures(
    results: Results, sent: Counter[tuple[str, str]], prompts: Mapping[str, Prompt], *, alive: bool
) -> Iterable[Picture]:
    kept, asked = results.of("sample"), results.of("submission")
    for number, (key, prompt) in enumerate(prompts.items()):
        request, made = (results.rows.get(name, {}).get(key) for name in ("submission", "sample"))
        job = asked.get(key)
        yield Picture(
            number,
            prompt,
            _look(made if made and made.state is not State.PENDING else request, alive=alive),
            kept.get(key),
            job.request_id if isinstance(job, Submission) else "",
            sent["submission", key],
            excerpt((made.reason if made else None) or (request.reason if request else None) or ""),
        )
