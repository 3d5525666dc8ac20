"""What may not change between two goes at a run: its plan, its images, and the server it began on."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from bria_async.errors import PlanChanged
from bria_async.graph.records import Keeper, RunRow
from bria_async.images.folder import scan
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.wire.convert import structure
from bria_async.wire.redaction import shown

from .fetching import addresses_in
from .plan import Plan

SHOWN_DIFFERENCES = 20
LEFT_OUT = "left_out"
"""The input of a run that nothing fans out over: addresses that gave it no image of their own."""


async def refuse_if_changed(session: Session, plan: Plan, journal: Keeper, row: RunRow) -> None:
    """Compare with the plan that the run was started with, and with the images it was started on."""
    older = plan_of(row)
    lines = [*plan.difference(older), *_other_server(session, row)]
    if not lines and row.state not in ("done", "failed"):
        lines += await _other_images(session, plan, journal, row)
    _refuse(row, lines)


async def _other_images(session: Session, plan: Plan, journal: Keeper, row: RunRow) -> list[str]:
    """What is different of the images; addresses are compared and not asked again."""
    known = await images_of(journal, row)
    if (listed := await session.host.in_thread(addresses_in, plan.images)) is not None:
        came = (image.url for image in known.values() if image.url is not None)
        began = dict.fromkeys([*came, *await left_out_of(journal, row)])
        return [
            *(f"image added: {shown(url)} (line {line})" for url, line in listed.items() if url not in began),
            *(f"image gone: {shown(url)}" for url in began if url not in listed),
        ]
    current = await scan(plan.images, session.host, plan.limits, known={image.path: image for image in known.values()})
    names = {image.key for image in current.images}
    return [
        *(f"image added: {key}" for key in sorted(names - known.keys())),
        *(f"image gone or changed: {image.path.name}" for key, image in known.items() if key not in names),
    ]


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
    return plan_in(row.plan)


def plan_in(data: Mapping[str, Any]) -> Plan:
    """The plan in what a journal keeps of it."""
    return Plan.of({name: value for name, value in data.items() if name != "base_url"})


async def images_of(journal: Keeper, row: RunRow) -> Mapping[str, ImageFile]:
    """The images that a run was started on, by content key."""
    return attrs.evolve(await journal.items(row.id, "image"), read=lambda data: structure(data, ImageFile))


async def left_out_of(journal: Keeper, row: RunRow) -> tuple[str, ...]:
    """The addresses that gave no image of their own when the run began."""
    return tuple((await journal.items(row.id, LEFT_OUT)).values())
