"""Simulators to talk to, a shell to type in, and a folder of pictures."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bria_async.sim import Clock, Options, Simulator
from tests.cli.shell import Shell, served
from tests.support import TOKEN, Recorder, picture, recorder

COLOURS = ("teal", "salmon", "gold", "orchid", "olive", "navy")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of six different images."""
    folder = tmp_path / "Cats"
    folder.mkdir()
    for colour in COLOURS:
        (folder / f"{colour}.png").write_bytes(picture(colour=colour))
    return folder


@pytest.fixture
def fast() -> Iterator[Simulator]:
    """A simulator in which two hours take a third of a second."""
    with served(Options(token=TOKEN), Clock(speed=20_000)) as sim:
        yield sim


@pytest.fixture
def slow() -> Iterator[Simulator]:
    """A simulator whose trainings last until its clock is pushed, and whose captions are there at once."""
    with served(Options(caption_delay=0, job_time=0, token=TOKEN), Clock()) as sim:
        yield sim


@pytest.fixture
def shell(fast: Simulator, tmp_path: Path) -> Shell:
    """A shell that talks to the fast simulator."""
    return Shell.on(fast, tmp_path)


@pytest.fixture
def slow_shell(slow: Simulator, tmp_path: Path) -> Shell:
    """A shell that talks to the simulator whose trainings wait."""
    return Shell.on(slow, tmp_path)


@pytest.fixture
def server() -> Iterator[Recorder]:
    """A server that takes anything, in a thread of its own, because the command line brings its loop."""
    ready = threading.Event()
    found: list[Recorder] = []
    loops: list[asyncio.AbstractEventLoop] = []
    over = asyncio.Event()

    async def serve() -> None:
        async with recorder() as recording:
            found.append(recording)
            loops.append(asyncio.get_running_loop())
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10), "the server did not start"
        yield found[0]
    finally:
        if loops:
            loops[0].call_soon_threadsafe(over.set)
        thread.join()


@pytest.fixture
def lone(server: Recorder, tmp_path: Path) -> Shell:
    """A shell that talks to that server, with an image in its folder."""
    (tmp_path / "a.png").write_bytes(b"image")
    return Shell(tmp_path, {"BRIA_BASE_URL": server.base_url, "BRIA_API_TOKEN": TOKEN})
