"""Pictures and trainings behind FastAPI: `uvicorn examples.fastapi_app.app:app`.

One session for the whole application, generations that are cancelled when the client goes, trainings in the
background with their progress as server-sent events, and webhooks.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import attrs
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from bria_async import BriaError
from examples.asgi import unless_gone
from examples.studio import Studio, seen, sse, status_of


class Wish(BaseModel):
    """What somebody wants to see."""

    prompt: str = Field(min_length=1)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One studio, hence one session, for all requests."""
    async with Studio.open() as app.state.studio:
        yield


def studio_of(request: Request) -> Studio:
    """That of the application."""
    studio: Studio = request.app.state.studio
    return studio


TheStudio = Annotated[Studio, Depends(studio_of)]
Name = Annotated[str, Path(pattern=r"^[\w-]+$")]

app = FastAPI(title="Pictures", lifespan=lifespan)


@app.exception_handler(BriaError)
async def told(_: Request, error: BriaError) -> JSONResponse:
    """What went wrong at the API, in the words of the library, which hold no secret."""
    return JSONResponse({"error": str(error)}, status_of(error))


@app.post("/pictures")
async def draw(wish: Wish, request: Request, studio: TheStudio) -> dict[str, Any] | None:
    """Draw a picture and wait for it, as long as the client does."""
    picture = await unless_gone(request.receive, studio.draw(wish.prompt))
    return attrs.asdict(picture) if picture else None


@app.get("/pictures")
async def pictures(studio: TheStudio) -> list[dict[str, Any]]:
    """All pictures, those that nobody waited for included."""
    return [attrs.asdict(picture) for picture in studio.pictures.values()]


@app.get("/pictures/{job}")
async def picture(job: str, request: Request, studio: TheStudio) -> dict[str, Any] | None:
    """A picture that was asked for before, waited for if need be."""
    if (kept := studio.pictures.get(job)) is None:
        raise HTTPException(404)
    await unless_gone(request.receive, studio.wait_for(kept))
    return attrs.asdict(kept)


@app.post("/trainings/{name}", status_code=202)
async def train(name: Name, studio: TheStudio) -> None:
    """Train on the folder of this name, in the background."""
    studio.train(name)


@app.get("/trainings/{name}/events")
async def events(name: Name, request: Request, studio: TheStudio) -> StreamingResponse:
    """What happens in a training and how far it is, from its beginning or behind `Last-Event-ID` to its end."""
    if (training := studio.trainings.get(name)) is None:
        raise HTTPException(404)
    told = training.told(seen(request.headers))
    return StreamingResponse((sse(each) async for each in told), media_type="text/event-stream")


@app.post("/webhooks/bria", status_code=204)
async def webhook(request: Request, studio: TheStudio) -> None:
    """What became of a job: signed, at least once, in any order."""
    studio.hear(await request.body(), request.headers)
