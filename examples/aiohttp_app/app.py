"""Pictures and trainings behind aiohttp.web: `python -m examples.aiohttp_app.app`."""

import os
from collections.abc import AsyncIterator

import attrs
from aiohttp import web
from aiohttp.typedefs import Handler

from bria_async import BriaError
from examples.studio import Studio, Training, seen, sse, status_of

STUDIO = web.AppKey("studio", Studio)
routes = web.RouteTableDef()


async def lifespan(app: web.Application) -> AsyncIterator[None]:
    """One studio, hence one session, for all requests."""
    async with Studio.open() as app[STUDIO]:
        yield


@web.middleware
async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What went wrong at the API, in the words of the library, which hold no secret."""
    try:
        return await handler(request)
    except BriaError as error:
        return web.json_response({"error": str(error)}, status=status_of(error))


@routes.post("/pictures")
async def draw(request: web.Request) -> web.Response:
    """Draw a picture and wait for it; `handler_cancellation` cancels this when the client goes."""
    try:
        prompt = str((await request.json())["prompt"])
    except (ValueError, KeyError, TypeError):
        raise web.HTTPBadRequest(text="a JSON object with a prompt") from None
    return web.json_response(attrs.asdict(await request.app[STUDIO].draw(prompt)))


@routes.get("/pictures")
async def pictures(request: web.Request) -> web.Response:
    """All pictures, those that nobody waited for included."""
    return web.json_response([attrs.asdict(picture) for picture in request.app[STUDIO].pictures.values()])


@routes.get("/pictures/{job}")
async def picture(request: web.Request) -> web.Response:
    """A picture that was asked for before, waited for if need be."""
    studio = request.app[STUDIO]
    if (kept := studio.pictures.get(request.match_info["job"])) is None:
        raise web.HTTPNotFound
    return web.json_response(attrs.asdict(await studio.wait_for(kept)))


@routes.post(r"/trainings/{name:[\w-]+}")
async def train(request: web.Request) -> web.Response:
    """Train on the folder of this name, in the background."""
    request.app[STUDIO].train(request.match_info["name"])
    return web.Response(status=202)


@routes.get(r"/trainings/{name:[\w-]+}/events")
async def events(request: web.Request) -> web.StreamResponse:
    """What happens in a training and how far it is, from its beginning or behind `Last-Event-ID` to its end."""
    training: Training | None = request.app[STUDIO].trainings.get(request.match_info["name"])
    if training is None:
        raise web.HTTPNotFound
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    async for told in training.told(seen(request.headers)):
        await response.write(sse(told))
    return response


@routes.post("/webhooks/bria")
async def webhook(request: web.Request) -> web.Response:
    """What became of a job: signed, at least once, in any order."""
    request.app[STUDIO].hear(await request.read(), request.headers)
    return web.Response(status=204)


def create_app() -> web.Application:
    """The application, to be served with `handler_cancellation`."""
    app = web.Application(middlewares=[told])
    app.cleanup_ctx.append(lifespan)
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    web.run_app(create_app(), port=int(os.environ.get("PORT", "8080")), handler_cancellation=True)
