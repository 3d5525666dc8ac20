"""What the three web applications have in common: pictures that are paid for, and trainings in the background.

Nothing here knows a web framework. A `Studio` lives as long as the application does, around the one session of all its
requests: they share its connections, its pace and its budget of retries.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs

from bria_async import BriaError, Plan, Session, WebhookInvalid, events, progress, train, verify_webhook
from bria_async.errors import RunError

T = TypeVar("T")


@attrs.define
class Picture:
    """A picture that somebody asked for. The id of its job is all it takes to wait for it, from any process."""

    job: str
    prompt: str
    url: str | None = None
    waiting: int = 0
    """How many requests wait for it."""


@attrs.frozen
class Told:
    """A server-sent event: what it says, and the number behind which a reader who was cut off goes on."""

    data: str
    id: int | None = None


@attrs.define(eq=False)
class Training:
    """A training in the background, which any number of readers follow by its journal."""

    run: str
    begun: asyncio.Event = attrs.field(factory=asyncio.Event)
    over: asyncio.Event = attrs.field(factory=asyncio.Event)
    outcome: str = "interrupted; ask for it again, and it goes on"

    async def told(self, after: int = 0) -> AsyncIterator[Told]:
        """What happened from the beginning, or behind what a reader has seen, what happens, and what came of it."""
        await self.begun.wait()
        with contextlib.suppress(RunError):  # it never began
            async for event in events(self.run, after=after):
                now = await progress(self.run)
                yield Told(f"{event.words}; uploaded {now.uploaded} of {now.images}", event.seq)
        await self.over.wait()
        yield Told(self.outcome)


class Studio:
    """Pictures by the id of their job, and trainings by their name.

    They are kept in memory here; an application of several processes keeps the ids in its database. Trainings need no
    such care: each has its journal, so after a restart asking for it again goes on where it stopped.
    """

    def __init__(self, bria: Session, images: Path = Path("images"), public_url: str | None = None) -> None:
        self.bria = bria
        self.images = images
        """Holds a folder of images for each training."""
        self.webhook_url = f"{public_url}/webhooks/bria" if public_url else None
        self.pictures: dict[str, Picture] = {}
        self.trainings: dict[str, Training] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._endless: set[asyncio.Task[Any]] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls) -> AsyncIterator["Studio"]:
        """A studio for as long as the application lives, as the environment says: `BRIA_API_TOKEN`, `STUDIO_IMAGES` (a
        folder), and `STUDIO_URL` (where webhooks reach the application).
        """
        async with Session() as bria:
            studio = cls(bria, Path(os.environ.get("STUDIO_IMAGES", "images")), os.environ.get("STUDIO_URL"))
            try:
                yield studio
            finally:
                await studio.close()

    async def close(self) -> None:
        """Stop the trainings, which can go on another time, and let requests that are paid for have their answers."""
        for task in self._endless:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- pictures -----------------------------------------------------------------------------------------------

    async def draw(self, prompt: str) -> Picture:
        """Have a picture drawn and wait for it; to be cancelled when nobody waits for it any more.

        That ends the wait and not the request: half a request is paid for like a whole one, and its answer holds the id
        by which the picture can still be had.
        """
        return await self.wait_for(await asyncio.shield(self._begin(self._submit(prompt))))

    async def wait_for(self, picture: Picture) -> Picture:
        """Wait for a picture, for the first time or again; one that is there comes at once."""
        picture.waiting += 1
        try:
            picture.url = picture.url or (await self.bria.jobs.wait(picture.job)).address
        finally:
            picture.waiting -= 1
        return picture

    def hear(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Take a webhook: what it says holds whether anybody waited or not.

        Raises:
            WebhookInvalid: it does not come from the API.
        """
        status = verify_webhook(body, headers, os.environ["BRIA_API_TOKEN"])
        picture = self.pictures.get(status.request_id or "")
        if picture is not None and status.result is not None:
            picture.url = status.result.image_url

    async def _submit(self, prompt: str) -> Picture:
        job = await self.bria.generation.generate(prompt=prompt, webhook_url=self.webhook_url)
        picture = self.pictures[job.request_id] = Picture(job.request_id, prompt)
        return picture

    # --- trainings ----------------------------------------------------------------------------------------------

    def train(self, name: str) -> Training:
        """Train on the folder of this name, in the background; whoever asks while it goes on gets the same training."""
        found = self.trainings.get(name)
        if found is not None and not found.over.is_set():
            return found
        plan = Plan(images=self.images / name, name=name, ip_type="stylized_scene", ip_medium="illustration")
        training = self.trainings[name] = Training(plan.run)
        self._endless.add(task := self._begin(self._train(plan, training)))
        task.add_done_callback(self._endless.discard)
        return training

    async def _train(self, plan: Plan, training: Training) -> None:
        try:
            trained = await train(self.bria, plan, on_event=lambda _: training.begun.set())
            training.outcome = f"model {trained.model_id} is ready"
        except BriaError as error:
            training.outcome = str(error)
        finally:
            training.begun.set()
            training.over.set()

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task that the studio holds on to: the event loop itself does not."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def status_of(error: BriaError) -> int:
    """The HTTP status that an error of the library is answered with."""
    return 401 if isinstance(error, WebhookInvalid) else 502


def sse(told: Told) -> bytes:
    """A server-sent event as it is sent."""
    number = "" if told.id is None else f"id: {told.id}\n"
    return (number + "".join(f"data: {line}\n" for line in told.data.splitlines()) + "\n").encode()


def seen(headers: Mapping[str, str]) -> int:
    """The number of the last event that a reader who comes back has seen, as browsers tell it."""
    number = headers.get("Last-Event-ID", "")
    return int(number) if re.fullmatch("[0-9]{1,18}", number) else 0
