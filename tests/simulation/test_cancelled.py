"""A host may cancel a training at any await: nothing is left behind, and the same session goes on with it.

A turn of the loop is what lies between two awaits. Every so many turns of each case are taken, from a first one that
depends on nothing but the sources; `BRIA_CANCEL=N` begins with turn N, and `BRIA_CANCEL=all` takes them all.
"""

import asyncio
import contextlib
import functools
import itertools
import os
import threading
from pathlib import Path
from typing import Any

import attrs
import pytest

from bria_async.session import Session
from bria_async.sim import Options
from bria_async.training import Plan, Settings, train

from .climate import ZIP_URL, archive, pictures
from .loop import VirtualHost, VirtualLoop, run_virtually
from .network import MemoryConnector
from .soak import sources
from .world import connected, land

COUNT = 5
SETTLE = 100.0
SAID = os.environ.get("BRIA_CANCEL", "")
EVERY = 1 if SAID == "all" else 17
FIRST = int(SAID) if SAID.isdecimal() else 1 + int(sources(), 16) % EVERY
LEAST = 150
"""Turns that any case takes at least."""


@attrs.frozen(kw_only=True)
class Case:
    """What is cancelled."""

    family: str = "fibo"
    side: int = 256
    plan: dict[str, Any] = attrs.field(factory=dict)
    lost: tuple[str, ...] = ()
    """Operations whose first answer is lost, so that the run has to wait and to look."""
    resumes: int | None = None
    """Turns after which the same training was cancelled before."""

    def planned(self) -> Plan:
        """What is trained."""
        fields: dict[str, Any] = {"ip_type": "stylized_scene", "ip_medium": "photography", **self.plan}
        if self.family == "2024":
            fields |= {"use_case": "illustrative_style", "style_description": "flat"}
        return Plan(
            images=pictures(COUNT, self.side),
            name="world",
            family=self.family,  # type: ignore[arg-type]  # one of the three
            samples=("a lighthouse",),
            on_doubt="resend",
            **fields,
        )


CREATING = ("datasets.create", "images.upload", "models.create", "models.start_training")
CASES = {
    "fibo": Case(),
    "legacy": Case(family="legacy"),
    "2024": Case(family="2024"),
    "zip": Case(side=1024, plan={"upload": "zip"}),
    "captions from files": Case(family="legacy", plan={"captions": "files"}),
    "resumed": Case(resumes=120),
    "in doubt": Case(lost=("projects.create", *CREATING, "tailored.generate")),
    "in doubt, 2024": Case(family="2024", lost=(*CREATING, "tailored.text_to_image")),
}


@attrs.frozen
class Held:
    """What the client holds: tasks, connections taken from its pools, open files, threads."""

    tasks: frozenset["asyncio.Task[Any]"]
    connections: int
    files: int
    threads: int

    @classmethod
    def now(cls, wires: tuple[MemoryConnector, ...]) -> "Held":
        """Look; handlers of the server are none of the client's tasks."""
        tasks = frozenset(task for task in asyncio.all_tasks() if "RequestHandler" not in repr(task))
        connections = sum(wire.in_use for wire in wires)
        return cls(tasks, connections, len(list(Path("/proc/self/fd").iterdir())), threading.active_count())


async def trains(session: Session, case: Case, state: Path, at: int | None = None) -> bool:
    """Train, and be cancelled after so many turns of the loop if it takes as many; whether it was."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    settings = Settings(
        state=state, control_interval=3600.0, settle=SETTLE, zip_url=ZIP_URL if case.plan.get("upload") else None
    )
    task = loop.create_task(train(session, case.planned(), settings=settings))
    if at is not None:
        loop.at_turn(loop.turns + at, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return task.cancelled()


async def cancelled(case: Case, at: int, state: Path) -> bool:
    """Cancel a training after so many turns of the loop, look what is left, and let the same session finish it.

    Returns whether there was anything left to cancel.
    """
    fixtures: Any = {ZIP_URL: archive(COUNT, case.side)}
    options = Options(seed=1, decode=False, caption_delay=5.0, training_time=60.0, fixtures=fixtures)
    async with land(1, options) as here:
        for operation in case.lost:
            here.sim.fail(operation, when="after", drop=True)
        wires = here.connector(), here.connector()
        async with connected(VirtualHost(1), *wires) as session:
            if case.resumes is not None:
                assert await trains(session, case, state, case.resumes), "there was nothing to resume"
            before = Held.now(wires)
            if was := await trains(session, case, state, at):
                await asyncio.sleep(1)
                assert Held.now(wires) == before, "something is left"
                await trains(session, case, state)
            assert not len(here.sim.faults), "not all answers were lost"
            audit = here.sim.audit()
            assert not audit.twice(), audit
            assert len(audit.uploaded) == COUNT, audit
            assert here.sim.counts["models.start_training"] == 1, here.sim.counts
            return was


@pytest.mark.fault("P5")
@pytest.mark.exhaustive
@pytest.mark.timeout(0 if SAID == "all" else 900)
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files where the system shows them")
@pytest.mark.parametrize("name", list(CASES))
def test_cancelled_at_every_await(name: str, tmp_path: Path) -> None:
    """Wherever a training is cancelled, no task, connection, file or thread is left, and it can go on at once."""
    for at in itertools.count(FIRST, EVERY):
        try:
            if not run_virtually(functools.partial(cancelled, CASES[name], at, tmp_path / str(at))):
                break
        except BaseException as error:
            error.add_note(f"cancelled after {at} turns; BRIA_CANCEL={at} begins with this one")
            raise
    assert at > LEAST, f"a whole lifecycle has more than {at} turns"
