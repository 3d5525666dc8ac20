"""`repair`: a new journal for a run or a batch, from what is left of a damaged one and what the server holds.

Theory. A journal says what was planned, what was done, and what may have been done. The plan and the tag are in the
damaged journal or are given again; what was done is on the server, where names carry the tag and images their content
key; and what may have been done is everything else. So the new journal has what was found as adopted, and is marked as
one that nobody closed: whoever resumes it looks at the server once more, after the settle delay, before he sends
anything that creates. What costs and leaves nothing to find is in doubt, unless its result could still be read.
"""

import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from bria_async.engines.run import Run
from bria_async.errors import ConfigurationError, PlanChanged, RunError
from bria_async.graph import lock
from bria_async.graph.events import Happened
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.salvage import Remains, put_in_place, salvage, salvage_all
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.wire.convert import structure

from .changes import LEFT_OUT, plan_of, refuse_other_server
from .fetching import look_at
from .lifecycle import shape
from .members import remembered
from .place import Place
from .plan import Plan, Settings
from .run import Looked, create
from .several import several
from .survey import Survey


@attrs.frozen(kw_only=True)
class Repaired:
    """What a repair found and did; the run can be resumed.

    `adopted` counts what was found on the server, by step; `kept` the results that the damaged journal still held;
    `charged` names what was perhaps paid for and is not there; `missing` counts images that are not on the server.
    """

    run: str
    tag: str
    damage: str
    damaged: Path | None
    """Where the damaged journal is kept."""
    plan_from_journal: bool
    images: int
    missing: int
    adopted: Mapping[str, int]
    kept: Mapping[str, int]
    charged: tuple[str, ...]


async def repair(
    session: Session,
    run: str,
    *,
    plan: Plan | None = None,
    tag: str | None = None,
    settings: Settings | None = None,
) -> Repaired:
    """Rebuild the journal of a run; nothing is sent that creates or costs, and the damaged journal is kept.

    Args:
        session: an open session, to the server that the run began on.
        run: the run's id.
        plan: the plan, where the journal's cannot be read.
        tag: what marks the run's things on the server, where the journal is gone and there are several runs.
        settings: where runs are kept.

    Raises:
        RunError: there is nothing to repair, or the plan or the tag must be given.
        PlanChanged: the journal can be read and has another plan, or began on another server.
        RunPaused: two things on the server could be the run's.
        JournalLocked: another process works on it.
    """
    place = Place.of(run, (settings or Settings()).state)
    if place.batch or place.is_batch:
        batch = place.batch.name if place.batch else run
        raise RunError(f"The runs of a batch share a journal, which is rebuilt for all: bria-async repair {batch}", run)
    async with _locked(place):
        remains = await session.host.in_thread(salvage, place.journal, run)
        if remains.whole:
            raise _whole(run)
        plan = _plan(session, run, remains, plan)
        if remains.run is None:
            tag = tag or find_tag(await _texts(session, [plan]), plan)
        (found,), damaged = await _rebuilt(session, place, [_Lost(place, plan, tag, remains)])
    return attrs.evolve(found, damaged=damaged)


async def repair_batch(
    session: Session, batch: str, *, tags: Mapping[str, str] | None = None, settings: Settings | None = None
) -> tuple[Repaired, ...]:
    """The same for the journal of a batch: for each run that can be read in it, or that the server shows.

    What neither knows has made nothing, so it begins anew when the batch is resumed.

    Args:
        session: an open session, to the server that the batch began on.
        batch: its name.
        tags: what marks the things of runs on the server, by run, where there are several of a name.
        settings: where batches are kept.

    Raises:
        RunError: there is no such batch, or nothing to repair, or a tag must be given.
        PlanChanged: it began on another server.
        RunPaused: two things on the server could be those of one run.
        JournalLocked: another process works on it.
    """
    place = Place.of(batch, (settings or Settings()).state)
    plans = {member.plan.run: member.plan for member in remembered(place)}
    async with _locked(place):
        damage, left = await session.host.in_thread(salvage_all, place.journal)
        if not damage:
            raise _whole(batch)
        lost = [
            _Lost(place.run(run), _plan(session, run, remains, None), None, remains) for run, remains in left.items()
        ]
        unread = [plan for run, plan in plans.items() if run not in left]
        texts = await _texts(session, unread)
        shown = [(plan, (tags or {}).get(plan.run) or find_tag(texts, plan, f"{plan.run}=")) for plan in unread]
        lost += [_Lost(place.run(plan.run), plan, tag, Remains(damage=damage)) for plan, tag in shown if tag]
        found, damaged = await _rebuilt(session, place, lost)
    return tuple(attrs.evolve(one, damaged=damaged) for one in found)


@attrs.frozen
class _Lost:
    """A run that is to be found again; the tag is known unless the run was read."""

    place: Place
    plan: Plan
    tag: str | None
    remains: Remains


@asynccontextmanager
async def _locked(place: Place) -> AsyncIterator[None]:
    handle = lock.take(place.journal)
    try:
        yield
    finally:
        lock.let_go(handle)


def _whole(name: str) -> RunError:
    return RunError(f"The journal of {name!r} is whole: bria-async resume {name}", name)


async def _rebuilt(session: Session, place: Place, lost: list[_Lost]) -> tuple[list[Repaired], Path | None]:
    """Put a new journal of these runs in the place of the damaged one; returns where that one is kept, too."""
    with tempfile.TemporaryDirectory(prefix=".repair-", dir=place.folder) as folder:
        fresh = Path(folder) / place.journal.name
        async with Journal(fresh, session.host) as journal:
            found = await several(lost, lambda one: _found_again(session, journal, one))
            await journal.distrust()
        return found, await session.host.in_thread(put_in_place, fresh, place.journal)


async def _found_again(session: Session, journal: Journal, lost: _Lost) -> Repaired:
    plan, place, remains = lost.plan, lost.place, lost.remains
    looked = await _looked(session, plan, remains, place)
    row = await create(session, journal, plan, looked, remains.run.tag if remains.run else lost.tag)
    ledger = await Ledger.load(journal, row, session.host)
    items: dict[str, Mapping[str, Any]] = {"image": looked.images}
    run = Run(row.name, row.tag, place.folder, place.samples(None), items, 0.0, ledger, place.control)
    survey = Survey(session, plan, run, shape(plan, len(looked.images)), remains)
    await survey.carry_out()
    await ledger.settle_run("paused", f"its journal was repaired: {remains.damage}", Happened.PAUSED)
    return Repaired(
        run=place.title,
        tag=row.tag,
        damage=remains.damage,
        damaged=None,
        plan_from_journal=remains.run is not None,
        images=len(looked.images),
        missing=survey.missing,
        adopted=survey.adopted,
        kept=survey.kept,
        charged=tuple(survey.charged),
    )


def _plan(session: Session, run: str, remains: Remains, given: Plan | None) -> Plan:
    if remains.run is not None:
        refuse_other_server(session, remains.run)
        older = plan_of(remains.run)
        if given is not None and (lines := given.difference(older)):
            raise PlanChanged(f"The run {run!r} was started with another plan:", run, lines)
        return given or older
    if given is None:
        raise ConfigurationError(
            f"The plan of {run!r} cannot be read ({remains.damage}). Give it again, as it was given to train: "
            f"bria-async repair {run} FOLDER and the same flags, or --plan FILE."
        )
    if given.run != run:
        raise ConfigurationError(f"The plan is for the run {given.run!r}, not {run!r}: is its --name the same?")
    return given


async def _looked(session: Session, plan: Plan, remains: Remains, place: Place) -> Looked:
    """The images that the run was started on, or those that are in its folder now; nothing is told of them."""
    if (items := remains.items) is not None:
        images = {key: structure(data, ImageFile) for key, data in items.get("image", {}).items()}
        return Looked(images, left_out=tuple(items.get(LEFT_OUT, {}).values()))
    found, left_out = await look_at(session, plan, place.folder)
    plan.check(found, zip_host=True)  # where the zip lies is asked for when it is sent
    return Looked({image.key: image for image in found.images}, left_out=left_out)


async def _texts(session: Session, plans: Iterable[Plan]) -> list[str | None]:
    """What the server calls things that such plans make."""
    families = {plan.family for plan in plans}
    texts: list[str | None] = []
    if "2024" in families:
        texts += [dataset.name for dataset in await session.datasets.list()]
    if families - {"2024"}:
        texts += [project.project_name for project in await session.projects.list()]
    if families:
        texts += [model.name for model in await session.models.list()]
    return texts


def find_tag(texts: Iterable[str | None], plan: Plan, given: str = "") -> str | None:
    """The tag of the one run of this plan's name among these texts of the server, None if there is none.

    Raises:
        ConfigurationError: there are several, and only the user knows which; `given` is what he writes before it.
    """
    named = re.compile(re.escape(plan.name) + r" \[(run [0-9a-f]{12})\]")
    tags = sorted({match[1] for text in texts if text and (match := named.fullmatch(text))})
    if len(tags) > 1:
        raise ConfigurationError(
            f"The server shows {len(tags)} runs named {plan.name!r} ({', '.join(tags)}): say which one by "
            f"--tag '{given}{tags[-1]}', or another of them."
        )
    return tags[0] if tags else None
