"""Results of generations as files: where they are found, and drawn when somebody looks."""

import asyncio
from pathlib import Path

from bria_async.sim import drawing
from bria_async.sim.entities import Job, Result
from bria_async.sim.world import World

PATH = "/_sim/results"


def path_of(job: Job, result: Result) -> str:
    """The path of a result's URL."""
    return f"{PATH}/{job.id}/{result.name}"


def find(world: World, job_id: str, name: str) -> tuple[Job, Result] | None:
    """A result that is ready by now."""
    job = world.jobs.get(job_id)
    if job is None or job.status(world.clock.now()) != "COMPLETED":
        return None
    return next(((job, result) for result in job.results if result.name == name), None)


def expired(world: World, job: Job) -> bool:
    """Whether the URLs of a job work no more."""
    lifetime = world.options.url_lifetime
    return lifetime is not None and world.clock.now() >= job.ready_at + lifetime


async def drawn(world: World, job: Job, result: Result) -> Path:
    """The file of a result: empty when blocked; drawn at the first look and kept."""
    key = f"{job.id}/{result.name}"
    async with world.drawing:
        if key not in world.drawn:
            paths = [world.blobs.path(sha256) for sha256 in job.sources]
            data = b"" if result.blocked else await asyncio.to_thread(drawing.draw, job, result, paths)
            world.drawn[key] = world.blobs.put(data).sha256
            world.commit()
    return world.blobs.path(world.drawn[key])
