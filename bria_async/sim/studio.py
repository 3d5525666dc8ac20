"""Generations: what they draw from, when they are ready, and what moderation lets through."""

import asyncio
import random
from collections.abc import Iterable
from typing import Literal

import attrs

from bria_async.sim import drawing
from bria_async.sim.answers import Refusal
from bria_async.sim.entities import Job, Model, Result
from bria_async.sim.routes import Call
from bria_async.sim.sources import Source
from bria_async.sim.world import World

AspectRatio = Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9"]
SIDE = 1024
_SOURCES = 4
_SEEDS = 1 << 31


def model(call: Call, model_id: str | int, *, v2: bool = False) -> Model:
    """The model to generate with: known, completed, and of the family that the endpoint serves.

    v2 serves FIBO, v1 the legacy versions (SEED 001). Unknown: the status for an unknown model, chosen 404,
    and for another family, chosen 400.
    """
    found = call.world.models.get(int(model_id)) if str(model_id).isdecimal() else None
    if found is None:
        raise Refusal(404, "Model not found", "bare")
    if not found.usable(call.now):
        raise Refusal(400, "The model status is not completed", "bare")
    if found.family and (found.family == "fibo") != v2:
        raise Refusal(400, f"Models of the {found.family} family are not served by this endpoint")
    return found


@attrs.frozen(kw_only=True)
class Order:
    """What one generation is asked for."""

    operation: str
    model: Model
    extension: str = "png"
    prompt: str = ""
    structured_prompt: str | None = None
    count: int = 1
    seed: int | None = None
    size: tuple[int, int] = (SIDE, SIDE)
    references: tuple[Source, ...] = ()
    sync: bool = False
    polled: bool = True
    moderate_output: bool = False


def start(call: Call, order: Order) -> Job:
    """Begin a generation; with `sync` it is ready at once. Seed, prompt and model decide what is drawn."""
    world = call.world
    first = order.seed if order.seed is not None else world.random().randrange(_SEEDS)
    images = world.images.of(order.model.dataset_id) if order.model.dataset_id is not None else []
    chosen = random.Random(f"{first}/{order.prompt}").sample(images, min(_SOURCES, len(images)))
    references = tuple(source.blob.sha256 for source in order.references)
    job = Job(
        id=world.new_uuid(),
        operation=order.operation,
        model_id=order.model.id,
        prompt=order.prompt,
        structured_prompt=order.structured_prompt,
        sources=(*references, *(image.sha256 for image in chosen))[:_SOURCES],
        width=order.size[0],
        height=order.size[1],
        results=_results(call, order, first),
        outcome=call.options.job_outcome if order.polled else "COMPLETED",
        polled=order.polled,
        created_at=call.now,
        ready_at=call.now if order.sync else call.now + call.options.job_time,
    )
    world.jobs[job.id] = job
    return job


def _results(call: Call, order: Order, first: int) -> tuple[Result, ...]:
    words = call.options.moderation
    every = order.moderate_output and says(order.prompt, words.outputs)
    one = order.moderate_output and says(order.prompt, words.first_output)
    return tuple(
        Result(
            name=f"{at}-seed_{first + at}.{order.extension}",
            seed=first + at,
            blocked=every or (one and at == 0),
        )
        for at in range(order.count)
    )


def says(text: str, words: Iterable[str]) -> bool:
    """Whether a text holds any of the words, in any case."""
    return any(word.lower() in text.lower() for word in words)


def url(call: Call, job: Job, result: Result) -> str:
    """Where a result will be found."""
    return call.url(f"/_sim/results/{job.id}/{result.name}")


def size(aspect_ratio: str) -> tuple[int, int]:
    """Pixels for an aspect ratio: the longer side is 1024."""
    width, height = (int(part) for part in aspect_ratio.split(":"))
    longer = max(width, height)
    return SIDE * width // longer, SIDE * height // longer


async def draw(world: World, job: Job, result: Result) -> bytes:
    """The bytes of a result: empty when blocked, the same at every look otherwise."""
    if result.blocked:
        return b""
    paths = [world.blobs.path(sha256) for sha256 in job.sources]
    return await asyncio.to_thread(
        drawing.draw,
        result.name.rpartition(".")[2],
        paths,
        prompt=job.prompt,
        seed=result.seed,
        size=(job.width, job.height),
    )
