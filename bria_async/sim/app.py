"""The simulator as an aiohttp application, as a server in this process, and as a process of its own."""

import asyncio
import email.utils
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import cattrs
from aiohttp import web
from cattrs.v import format_exception

from bria_async.sim import (
    ads,
    attribution,
    datasets,
    editing,
    editing_by_words,
    generation,
    images,
    jobs,
    models,
    products,
    projects,
    search,
    tailored,
    tailored_v1,
    vehicles,
    video,
    visuals,
    visuals_info,
    visuals_isolated,
)
from bria_async.sim.answers import Refusal, refused
from bria_async.sim.clock import Clock
from bria_async.sim.faults import Fault
from bria_async.sim.files import Files
from bria_async.sim.media import Media
from bria_async.sim.options import Options
from bria_async.sim.parsing import parsed
from bria_async.sim.routes import Operation
from bria_async.sim.simulator import Simulator, response

_FAMILIES = (
    projects,
    datasets,
    images,
    models,
    tailored,
    tailored_v1,
    generation,
    editing,
    editing_by_words,
    products,
    vehicles,
    jobs,
    visuals_info,
    visuals,
    visuals_isolated,
    search,
    ads,
    video,
    attribution,
)
_MAX_CONTROL = 1 << 16
"""Bytes of a body that steers: all others are read a piece at a time, with limits of their own."""
_NOTICE = 0.5
"""Seconds between two looks of a served simulator for what has become due."""
SIMULATOR = web.AppKey("simulator", Simulator)
"""Where an application holds its simulator."""


def declared() -> list[Operation]:
    """Every operation served, as declared."""
    return [operation for family in _FAMILIES for operation in family.routes.operations]


def operations() -> dict[str, tuple[str, str]]:
    """Operation name -> (method, path) of everything served."""
    return {operation.name: (operation.method, operation.path) for operation in declared()}


def create_app(
    options: Options | None = None, clock: Clock | None = None, state: Path | None = None
) -> web.Application:
    """The simulator as an application, for embedding; its world is closed when the application is cleaned up.

    `app[SIMULATOR]` is the `Simulator`. Raises OSError when the state is in use by another process or was
    written by another version.
    """
    sim = Simulator(options, clock, state)
    app = web.Application(client_max_size=_MAX_CONTROL, middlewares=[_errors_as_json])
    app[SIMULATOR] = sim
    for operation in declared():
        for path in (operation.path, *operation.also):
            app.router.add_route(operation.method, path, partial(sim.handle, operation))
    app.add_routes(Files(sim.world).routes() + Media(sim.world).routes())
    app.add_routes(
        [
            web.get("/_sim/state", _state),
            web.post("/_sim/clock", _clock),
            web.post("/_sim/faults", _faults),
        ]
    )
    app.on_response_prepare.append(_date)
    app.on_shutdown.append(_release)
    app.on_cleanup.append(_close)
    return app


@asynccontextmanager
async def simulator(
    *,
    options: Options | None = None,
    clock: Clock | None = None,
    state: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Simulator]:
    """Serve a simulator in this process; port 0 takes a free one.

    `state` is a directory that keeps its world, over restarts and SIGKILL; without it the world ends here.
    """
    app = create_app(options, clock, state)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0][1]
        app[SIMULATOR].base_url = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
        yield app[SIMULATOR]
    finally:
        await runner.cleanup()


async def serve(
    host: str,
    port: int,
    *,
    options: Options,
    clock: Clock,
    state: Path | None,
    ready: Callable[[str], None],
) -> None:
    """Serve until cancelled; `ready` is called with the base URL when requests are accepted."""
    async with simulator(options=options, clock=clock, state=state, host=host, port=port) as sim:
        ready(sim.base_url)
        while True:
            await sim.notice()
            await asyncio.sleep(_NOTICE)


async def _date(request: web.Request, response: web.StreamResponse) -> None:
    """The simulator's time as the answer's: pauses until a date are counted from it."""
    response.headers["Date"] = email.utils.formatdate(request.app[SIMULATOR].clock.now(), usegmt=True)


async def _release(app: web.Application) -> None:
    app[SIMULATOR].release()


async def _close(app: web.Application) -> None:
    await app[SIMULATOR].webhooks.close()
    app[SIMULATOR].world.close()


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What no handler answered (no such path, wrong method, too large) in the usual shape of its generation."""
    try:
        return await handler(request)
    except web.HTTPError as failure:
        headers = {"Allow": failure.headers["Allow"]} if "Allow" in failure.headers else {}
        sim, v2 = request.app[SIMULATOR], f"{request.path}/".startswith("/v2/")
        refusal = Refusal(failure.status, failure.reason, headers=headers)
        return response(refused(refusal, v2=v2, request_id=sim.world.new_uuid() if v2 else ""))


async def _state(request: web.Request) -> web.Response:
    """Counts, findings and the time, for other processes."""
    sim = request.app[SIMULATOR]
    await sim.notice()
    found = sim.audit()
    plain: dict[str, Any] = attrs.asdict(found) | {
        "duplicates": [
            {"dataset_id": at[0], "sha256": at[1], "image_ids": ids} for at, ids in found.duplicates.items()
        ],
        "uploaded": sorted(found.uploaded),
    }
    return web.json_response(
        {
            "now": sim.clock.now(),
            "counts": sim.counts,
            "audit": plain,
            "twice": found.twice(),
            "faults": len(sim.faults),
        }
    )


async def _clock(request: web.Request) -> web.Response:
    """`{"push": seconds}`: let time pass."""
    sim = request.app[SIMULATOR]
    try:
        sim.clock.push(float((await _object(request))["push"]))
    except (ValueError, KeyError, TypeError, OverflowError) as failure:
        return web.json_response({"error": f"needs {{'push': seconds}}: {failure}"}, status=400)
    await sim.notice()
    sim.world.commit()
    return web.json_response({"now": sim.clock.now()})


async def _faults(request: web.Request) -> web.Response:
    """A fault as JSON: the fields of `Fault`."""
    try:
        fault = _fault_converter.structure(await _object(request), Fault)
    except (ValueError, TypeError, OverflowError, cattrs.BaseValidationError) as failure:
        return web.json_response(
            {"error": "; ".join(cattrs.transform_error(failure, format_exception=_said))}, status=400
        )
    request.app[SIMULATOR].arm(fault)
    return web.json_response(attrs.asdict(fault), status=201)


def _said(failure: BaseException, kind: type | None) -> str:
    """What a part of a fault is refused with: the words of `Fault` where it has some."""
    return str(failure) if isinstance(failure, ValueError) else format_exception(failure, kind)


async def _object(request: web.Request) -> dict[str, Any]:
    found = parsed(await request.read())
    if not isinstance(found, dict):
        raise TypeError("the body must be a JSON object")
    return found


_fault_converter = cattrs.Converter(forbid_extra_keys=True)
