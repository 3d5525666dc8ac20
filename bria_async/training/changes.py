"""What may not change between two goes at a run: its plan, its images, and the server it began on."""

from collections.abc import Sequence

from bria_async.errors import PlanChanged
from bria_async.graph.journal import Journal, RunRow
from bria_async.images.inspect import inspect
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.wire.convert import structure

from .plan import Plan

SHOWN_DIFFERENCES = 20


async def refuse_if_changed(session: Session, plan: Plan, journal: Journal, row: RunRow) -> None:
    """Compare with the plan that the run was started with, and with the images it was started on."""
    older = plan_of(row)
    lines = [*plan.difference(older), *_other_server(session, row)]
    if not lines and row.state not in ("done", "failed"):
        known = await images_of(journal, row)
        current = await inspect(
            plan.images, session.host, plan.limits, known={image.path: image for image in known.values()}
        )
        names = {image.key for image in current.images}
        lines += [f"image added: {key}" for key in sorted(names - known.keys())]
        lines += [f"image gone or changed: {image.path.name}" for key, image in known.items() if key not in names]
    _refuse(row, lines)


def _other_server(session: Session, row: RunRow) -> list[str]:
    """A run's ids mean nothing to another server, and its token is none of that server's business."""
    server = row.plan.get("base_url")
    return [] if server == str(session.base_url) else [f"server: was {server}, now {session.base_url}"]


def refuse_other_server(session: Session, row: RunRow) -> None:
    """Let a run go on only where it began.

    Raises:
        PlanChanged: the session talks to another server.
    """
    _refuse(row, _other_server(session, row))


def _refuse(row: RunRow, lines: Sequence[str]) -> None:
    if lines:
        more = [f"and {len(lines) - SHOWN_DIFFERENCES} more"] if len(lines) > SHOWN_DIFFERENCES else []
        raise PlanChanged(
            f"The run {row.name!r} was started with another plan:",
            row.name,
            (*lines[:SHOWN_DIFFERENCES], *more),
        )


def plan_of(row: RunRow) -> Plan:
    """The plan that a run was started with."""
    return Plan.of({name: value for name, value in row.plan.items() if name != "base_url"})


async def images_of(journal: Journal, row: RunRow) -> dict[str, ImageFile]:
    """The images that a run was started on, by content key."""
    return {key: structure(data, ImageFile) for key, data in (await journal.items(row.id, "image")).items()}
