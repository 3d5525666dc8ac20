"""The three web applications, each behind a real socket, do the same with what is paid for."""

import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp import web
from anyio.from_thread import start_blocking_portal

from bria_async.testing import ServedSimulator

from .pictures import paint

PATIENCE = 30
"""Seconds that the application gets to notice something."""


@contextlib.contextmanager
def asgi(framework: str, listening: socket.socket) -> Iterator[None]:
    """Serve an application as `uvicorn` does."""
    for needed in (framework, "uvicorn"):
        pytest.importorskip(needed, reason=f"{needed} is not installed (extra dev)")
    uvicorn, app = import_module("uvicorn"), import_module(f"examples.{framework}_app.app").app
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    serving.start()
    yield
    server.should_exit = True
    serving.join()


@contextlib.contextmanager
def own(framework: str, listening: socket.socket) -> Iterator[None]:
    """Serve an application as `web.run_app` does."""
    create_app = import_module(f"examples.{framework}_app.app").create_app

    @contextlib.asynccontextmanager
    async def served() -> AsyncIterator[None]:
        runner = web.AppRunner(create_app(), handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        yield
        await runner.cleanup()

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(served()):
        yield


SERVERS: dict[str, Callable[[str, socket.socket], AbstractContextManager[None]]] = {
    "aiohttp": own,
    "fastapi": asgi,
    "litestar": asgi,
}


@pytest.fixture(params=SERVERS)
def address(
    request: pytest.FixtureRequest, bria_env: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    """Where the application is served, with a folder of images for a training named `cats`."""
    paint(tmp_path / "images" / "cats")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setenv("STUDIO_URL", address)
        monkeypatch.setenv("STUDIO_IMAGES", str(tmp_path / "images"))
        with SERVERS[request.param](request.param, listening):
            yield address


@pytest.fixture
async def http(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the application."""
    async with aiohttp.ClientSession(address) as client:
        yield client


async def posted(http: aiohttp.ClientSession, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and answer of a request."""
    async with http.post(path, json=body) as response:
        is_json = response.content_type == "application/json"
        return response.status, await response.json() if is_json else await response.text()


async def leave(http: aiohttp.ClientSession) -> None:
    """Ask for a picture, and go before it is there."""
    with pytest.raises(TimeoutError):
        await http.post("/pictures", json={"prompt": "a cat"}, timeout=aiohttp.ClientTimeout(total=0.5))


async def kept(http: aiohttp.ClientSession) -> dict[str, Any]:
    """The only picture, once it is known and no request waits for it."""
    with anyio.fail_after(PATIENCE):
        while True:
            async with http.get("/pictures") as response:
                found: list[dict[str, Any]] = await response.json()
            if found and not found[0]["waiting"]:
                return found[0]


async def test_a_picture(http: aiohttp.ClientSession, bria_sim: ServedSimulator) -> None:
    """It is drawn once, is there for who asks by its job, and for nobody who asks for another."""
    status, picture = await posted(http, "/pictures", {"prompt": "a cat"})
    assert (status, picture["prompt"], picture["waiting"]) == (200, "a cat", 0)
    assert picture["url"].startswith(bria_sim.base_url), picture
    async with http.get(f"/pictures/{picture['job']}") as response:
        assert await response.json() == picture
    async with http.get("/pictures/another") as response:
        assert response.status == 404
    assert bria_sim.counts["generation.generate"] == 1


async def test_what_is_no_wish(http: aiohttp.ClientSession, bria_sim: ServedSimulator) -> None:
    """Nothing is paid for before the request was read."""
    status, _ = await posted(http, "/pictures", {"words": "a cat"})
    assert status in {400, 422}
    assert not bria_sim.requests


@pytest.mark.bria_options(job_time=20)
async def test_a_client_who_goes(http: aiohttp.ClientSession, bria_sim: ServedSimulator) -> None:
    """The wait is cancelled, the job is kept by its id, and its webhook brings the picture."""
    await leave(http)
    assert (await kept(http))["url"] is None
    bria_sim.clock.push(20)
    bria_sim.settle()
    assert (await kept(http))["url"].startswith(bria_sim.base_url)
    assert bria_sim.counts["generation.generate"] == 1


@pytest.mark.bria_fault("generation.generate", delay=1.0)
async def test_a_client_who_goes_early(http: aiohttp.ClientSession, bria_sim: ServedSimulator) -> None:
    """The request that is paid for is not cancelled: its job is kept even when nobody was left to hear of it."""
    await leave(http)
    job = (await kept(http))["job"]
    async with http.get(f"/pictures/{job}") as response:
        assert (await response.json())["url"].startswith(bria_sim.base_url)
    assert bria_sim.counts["generation.generate"] == 1


@pytest.mark.bria_fault("generation.generate", when="after", drop=True)
async def test_a_lost_answer(http: aiohttp.ClientSession, bria_sim: ServedSimulator) -> None:
    """What may have been paid for is told, and not sent again."""
    status, answer = await posted(http, "/pictures", {"prompt": "a cat"})
    assert (status, list(answer)) == (502, ["error"])
    assert bria_sim.counts["generation.generate"] == 1


async def test_a_training(http: aiohttp.ClientSession, bria_sim: ServedSimulator) -> None:
    """It goes on in the background, and whoever reads its events reads all of them, or those behind the last he saw."""
    async with http.get("/trainings/cats/events") as response:
        assert response.status == 404
    assert (await posted(http, "/trainings/cats"))[0] == 202
    told = await told_of_cats(http)
    assert told[0].startswith("id: 1\ndata: cats started; uploaded ")
    assert told[-2].endswith("; uploaded 5 of 5")
    assert told[-1].startswith("data: model "), told
    number = told[-3].partition("\n")[0].removeprefix("id: ")
    assert await told_of_cats(http, {"Last-Event-ID": number}) == told[-2:]
    assert len(await told_of_cats(http)) == len(told)
    assert bria_sim.counts["models.start_training"] == 1


async def told_of_cats(http: aiohttp.ClientSession, headers: dict[str, str] | None = None) -> list[str]:
    """The server-sent events of the training, when it is over."""
    async with http.get("/trainings/cats/events", headers=headers) as response:
        assert response.content_type == "text/event-stream"
        return (await response.text()).replace("\r", "").strip().split("\n\n")


async def test_a_name_that_is_a_path(http: aiohttp.ClientSession, bria_sim: ServedSimulator) -> None:
    """Names of trainings are no way out of their folder."""
    status, _ = await posted(http, "/trainings/..%2Fcats")
    assert status in {400, 404, 422}
    assert not bria_sim.requests


async def test_a_forged_webhook(http: aiohttp.ClientSession) -> None:
    """Whoever cannot sign is not heard."""
    assert (await posted(http, "/webhooks/bria", {"status": "COMPLETED"}))[0] == 401
