"""Pictures and trainings behind Litestar: `uvicorn examples.litestar_app.app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import attrs
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, JSONBody, PathParameter
from litestar.response import ServerSentEvent

from bria_async import BriaError
from examples.asgi import unless_gone
from examples.studio import Picture, Studio, seen, status_of

Asked = Request[Any, Any, State]
Name = Annotated[str, PathParameter(pattern=r"^[\w-]+$")]
TheStudio = NamedDependency[Studio]


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """One studio, hence one session, for all requests."""
    async with Studio.open() as app.state.studio:
        yield


async def studio_of(state: State) -> Studio:
    """That of the application."""
    studio: Studio = state.studio
    return studio


def told(_: Asked, error: BriaError) -> Response[dict[str, str]]:
    """What went wrong at the API, in the words of the library, which hold no secret."""
    return Response({"error": str(error)}, status_code=status_of(error))


@attrs.frozen
class Wish:
    """What somebody wants to see."""

    prompt: str


@post("/pictures", status_code=200)
async def draw(data: JSONBody[Wish], request: Asked, studio: TheStudio) -> Picture | None:
    """Draw a picture and wait for it, as long as the client does."""
    return await unless_gone(request.receive, studio.draw(data.prompt))


@get("/pictures")
async def pictures(studio: TheStudio) -> list[Picture]:
    """All pictures, those that nobody waited for included."""
    return list(studio.pictures.values())


@get("/pictures/{job:str}")
async def picture(job: FromPath[str], request: Asked, studio: TheStudio) -> Picture:
    """A picture that was asked for before, waited for if need be."""
    if (kept := studio.pictures.get(job)) is None:
        raise NotFoundException
    await unless_gone(request.receive, studio.wait_for(kept))
    return kept


@post("/trainings/{name:str}", status_code=202)
async def train(name: Name, studio: TheStudio) -> None:
    """Train on the folder of this name, in the background."""
    studio.train(name)


@get("/trainings/{name:str}/events")
async def events(name: Name, request: Asked, studio: TheStudio) -> ServerSentEvent:
    """What happens in a training and how far it is, from its beginning or behind `Last-Event-ID` to its end."""
    if (training := studio.trainings.get(name)) is None:
        raise NotFoundException
    told = training.told(seen(request.headers))
    return ServerSentEvent(attrs.asdict(each) async for each in told)


@post("/webhooks/bria", status_code=204)
async def webhook(request: Asked, studio: TheStudio) -> None:
    """What became of a job: signed, at least once, in any order."""
    studio.hear(await request.body(), request.headers)


app = Litestar(
    [draw, pictures, picture, train, events, webhook],
    lifespan=[lifespan],
    dependencies={"studio": studio_of},
    exception_handlers={BriaError: told},
)
