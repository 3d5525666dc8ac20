"""The verdict on a run that should be done: on the server, in its journal, in its events, and on what was told."""

import base64
import hashlib
import itertools
from collections.abc import Iterator

from bria_async.graph import feed
from bria_async.graph.events import Happened
from bria_async.graph.states import Change, State, after
from bria_async.training.changes import plan_of
from bria_async.wire import Effect
from tests.effects import accepted_once, having
from tests.guarantees.stage import RUN, Engine
from tests.support import TOKEN


def problems(engine: Engine, run: str = RUN, *, left_out: int = 0) -> list[str]:
    """What is wrong with the one run of an engine, of which so many images were left out."""
    view = engine.view(run)
    if view.state != "done":
        return [f"it is {view.state}: {view.run.reason}"]
    return [
        *_on_the_server(engine, run, left_out),
        *in_order(engine, run),
        *secrets(engine),
        *engine.verify(run).differences,
    ]


def _on_the_server(engine: Engine, run: str, left_out: int) -> Iterator[str]:
    audit, counts = engine.sim.audit(), engine.sim.counts
    plan = plan_of(engine.view(run).run)
    planned = {hashlib.sha256(path.read_bytes()).hexdigest() for path in engine.images.glob("*.png")}
    yield from audit.twice()
    if len(lost := audit.lost(planned)) != left_out:
        yield f"{len(lost)} images are lost"
    if audit.trained_uncaptioned:
        yield f"trained without captions: {audit.trained_uncaptioned}"
    for operation, times in accepted_once(plan.family, len(planned) - left_out).items():
        if counts[operation] != times:
            yield f"{operation} was accepted {counts[operation]} times instead of {times}"
    extra = sum(max(0, counts[operation] - 1) for operation in having(Effect.CHEAP, Effect.BILLED))
    told = len(engine.happened(Happened.CHARGED, run=run))
    if extra > told:
        yield f"{extra} calls were paid twice, and {told} were told: {counts}"


def in_order(engine: Engine, run: str = RUN) -> Iterator[str]:
    """Events are numbered without a gap, each was seen once by who followed, and they lead to the states of tasks."""
    source = engine.place(run).source
    numbered = feed.events(source, run)
    if [number for number, _ in numbered] != list(range(1, len(numbered) + 1)):
        yield f"the numbers of the events have gaps: {[number for number, _ in numbered]}"
    if engine.followed(run) != numbered:
        yield "who followed the run saw other events"
    states: dict[tuple[str, str], State] = {}
    for _, event in numbered:
        if event.what in tuple(Change):
            before = states.get((event.task, event.key), State.PENDING)
            states[event.task, event.key] = after(before, Change(event.what))  # raises where it cannot happen
    rows = {(row.name, row.key): row.state for row in feed.rows(source, run)}
    if states != rows:
        yield f"the events lead to {states}, the tasks are {rows}"
    if (ends := (numbered[0][1].what, numbered[-1][1].what)) != (Happened.STARTED, Happened.COMPLETED):
        yield f"the first and the last event are {ends}"


def secrets(engine: Engine, secret: str = TOKEN) -> Iterator[str]:
    """Where a secret was written down: as it is, as hex, or in base64."""
    forms = [secret.encode(), secret.encode().hex().encode()]
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + secret.encode())
        forms.append(encoded[4:-4])
    for (name, content), form in itertools.product(engine.kept().items(), forms):
        if form in content:
            yield f"a secret is in {name}"
