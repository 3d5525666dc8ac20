"""Sees that every open job is on its way to a worker who lives.

Theory. A job is open until somebody has done it or given it back, and a workflow brings it to a worker. Either may be
lost: who opened the job died before he sent it, or who was given it; and the answer to a commit of either may be lost
with the database. So workers compare the two every now and then. What does not fit may be on its way to fitting; what
is found twice in a row is not.
"""

import logging
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

import attrs

from .dbos import MANY, Carrier
from .postgres.jobs import Job, Jobs

log = logging.getLogger(__name__)

UNSENT = 30.0
"""Seconds after which a task that nobody has begun was perhaps never brought on its way."""

T = TypeVar("T")


@attrs.define
class _Twice(Generic[T]):
    """Finds what is there at two looks in a row."""

    last: AbstractSet[T] = frozenset()

    def found(self, now: AbstractSet[T]) -> AbstractSet[T]:
        """What was there the last time as well."""
        again, self.last = now & self.last, now
        return again


@attrs.define(eq=False)
class Janitor:
    """One worker's; `busy` tells the jobs that it does."""

    jobs: Jobs
    carrier: Carrier
    busy: Callable[[], AbstractSet[str]]
    _sent: set[str] = attrs.field(factory=set, init=False)
    """Jobs that nobody has begun, and that this worker has brought on their way."""
    _dead: _Twice[int] = attrs.field(factory=_Twice, init=False)
    _strayed: _Twice[str] = attrs.field(factory=_Twice, init=False)
    _dropped: _Twice[str] = attrs.field(factory=_Twice, init=False)

    async def send(self, job: Job) -> None:
        """Bring a job on its way."""
        await self.carrier.send(job)
        self._sent.add(job.id)

    async def bring(self) -> None:
        """Bring on their way the runs that were handed over, and what somebody opened who died before he sent it."""
        unbegun = await self.jobs.unbegun(seconds=UNSENT)
        self._sent &= {job.id for job in unbegun}
        for job in unbegun:
            if job.id not in self._sent:
                await self.send(job)

    async def look_after(self) -> None:
        """Give back what workers did who died, and what this one was given or has begun and does not do."""
        me = self.jobs.seat.number
        given = await self.carrier.given()
        for worker in self._dead.found(await self.jobs.dead(given) - {me}):
            number = await self.jobs.take_over(worker)
            if number is None:
                continue
            if number:
                log.warning("worker %s is dead: what it did is given back", worker, extra={"worker": worker})
            await self._anew(given.get(worker, ()))
        await self._anew(self._strayed.found(frozenset(given.get(me, ())) - self.busy()))
        if dropped := self._dropped.found(await self.jobs.mine() - self.busy()):
            words = ", ".join(sorted(dropped))
            log.warning("given back, as it did not end well: %s", words, extra={"work": words})
            await self.jobs.give_back(dropped)

    async def tidy(self) -> None:
        """Forget workflows that are over, and send what lost its workflow when somebody died who did the same."""
        while ended := await self.carrier.ended():
            await self._anew(ended)
            if len(ended) < MANY:
                break
        unbegun = await self.jobs.unbegun(seconds=UNSENT)
        known = await self.carrier.known(job.id for job in unbegun)
        for job in unbegun:
            if job.id not in known:
                await self.send(job)

    async def _anew(self, workflows: Iterable[str]) -> None:
        """Forget workflows that lead nowhere; the jobs that they leave behind are brought on their way anew."""
        wanted = list(workflows)
        await self.carrier.forget(wanted)
        for job in await self.jobs.unbegun_of(wanted) if wanted else []:
            await self.send(job)
