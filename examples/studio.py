"""What the three web applications have in common: pictures that are paid for, and trainings in the background.

Nothing here knows a web framework. A `Studio` lives as long as the application does, around the one session of all its
requests: they share its connections, its pace and its budget of retries.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs

from bria_async import BriaError, Plan, Session, WebhookInvalid, train, verify_webhook

T = TypeVar("T")


@attrs.define
class Picture:
    """A picture that somebody asked for. The id of its job is all it takes to wait for it, from any process."""

    job: str
    prompt: str
    url: str | None = None
    waiting: int = 0
    """How many requests wait for it."""


@attrs.define(eq=False)
class Training:
    """A training in the background, and what was told of it so far, for any number of readers."""

    told: list[str] = attrs.field(factory=list)
    over: bool = False
    _news: asyncio.Event = attrs.field(factory=asyncio.Event)

    def tell(self, words: str, *, over: bool = False) -> None:
        """Tell all readers."""
        self.told.append(words)
        self.over = over
        self._news.set()
        self._news = asyncio.Event()

    async def lines(self) -> AsyncIterator[str]:
        """What was told from the beginning, and what is being told, until it is over."""
        read = 0
        while read < len(self.told) or not self.over:
            if read == len(self.told):
                await self._news.wait()
            else:
                yield self.told[read]
                read += 1


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
    @asynccontextmanager
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
        if found is not None and not found.over:
            return found
        training = self.trainings[name] = Training()
        plan = Plan(images=self.images / name, name=name, ip_type="stylized_scene", ip_medium="illustration")
        self._endless.add(task := self._begin(self._train(plan, training)))
        task.add_done_callback(self._endless.discard)
        return training

    async def _train(self, plan: Plan, training: Training) -> None:
        outcome = "interrupted; ask for it again, and it goes on"
        try:
            trained = await train(self.bria, plan, on_event=[lambda event: training.tell(event.words)])
            outcome = f"model {trained.model_id} is ready"
        except BriaError as error:
            outcome = str(error)
        finally:
            training.tell(outcome, over=True)

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task that the studio holds on to: the event loop itself does not."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def status_of(error: BriaError) -> int:
    """The HTTP status that an error of the library is answered with."""
    return 401 if isinstance(error, WebhookInvalid) else 502


def sse(words: str) -> bytes:
    """Words as one server-sent event."""
    return ("".join(f"data: {line}\n" for line in words.splitlines()) + "\n").encode()
