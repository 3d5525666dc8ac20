"""The chaos proxy itself: each toxic does what its word says, or the tests behind it prove nothing."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from .proxy import Bandwidth, Latency, LimitData, Proxy, ResetPeer, Slicer, SlowClose, Stream, Timeout, Toxic, proxy

SENT = bytes(range(200))


@pytest.fixture
async def echo() -> AsyncIterator[str]:
    """A server that sends everything back and closes."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        block = await reader.read(65536)
        while block and not block.endswith(SENT[-1:]):
            block += await reader.read(65536)
        writer.write(block)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(behave, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def through(chaos: Proxy) -> tuple[list[bytes], float]:
    """What comes back of `SENT`, block by block, and how long it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    reader, writer = await asyncio.open_connection("127.0.0.1", chaos.port)
    try:
        writer.write(SENT)
        blocks = []
        while block := await reader.read(65536):
            blocks.append(block)
    finally:
        writer.close()
    return blocks, loop.time() - began


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
@pytest.mark.parametrize(
    ("make", "seconds"),
    [
        (lambda stream: Latency(stream, 0.1), 0.1),
        (lambda stream: Bandwidth(stream, 1000.0), 0.2),
        (lambda stream: Slicer(stream, 50, seconds=0.03), 0.09),
    ],
    ids=["latency", "bandwidth", "slicer"],
)
async def test_what_is_slow_is_slow_and_whole(echo: str, stream: Stream, make: type[Toxic], seconds: float) -> None:
    """All of it arrives, and not before its time."""
    async with proxy(echo, lambda _: (make(stream),)) as chaos:
        blocks, took = await through(chaos)
    assert b"".join(blocks) == SENT
    assert seconds <= took < seconds + 5, took


async def test_slices_are_small(echo: str) -> None:
    """No more than the size at a time."""
    async with proxy(echo, lambda _: (Slicer("downstream", 50, seconds=0.03),)) as chaos:
        blocks, _ = await through(chaos)
    assert [len(block) for block in blocks] == [50] * 4


async def test_a_slow_close_comes_late(echo: str) -> None:
    """The end, and only the end."""
    async with proxy(echo, lambda _: (SlowClose("downstream", 0.1),)) as chaos:
        blocks, took = await through(chaos)
    assert b"".join(blocks) == SENT
    assert took >= 0.1


@pytest.mark.parametrize("limit", [0, 1, 199])
async def test_data_is_limited(echo: str, limit: int) -> None:
    """So many bytes, and an end in order."""
    async with proxy(echo, lambda _: (LimitData("downstream", limit),)) as chaos:
        blocks, _ = await through(chaos)
    assert b"".join(blocks) == SENT[:limit]


@pytest.mark.parametrize(
    "toxics", [(ResetPeer("upstream", 0.0),), (LimitData("downstream", 7), ResetPeer("downstream"))]
)
async def test_a_reset_is_a_reset(echo: str, toxics: tuple[Toxic, ...]) -> None:
    """RST, at once or in the middle of what comes back."""
    async with proxy(echo, lambda _: toxics) as chaos:
        with pytest.raises(ConnectionResetError):
            await through(chaos)


async def test_a_timeout_lets_nothing_through(echo: str) -> None:
    """Nothing comes, and then the end."""
    async with proxy(echo, lambda _: (Timeout("upstream", 0.1),)) as chaos:
        blocks, took = await through(chaos)
    assert (blocks, took >= 0.1) == ([], True)


async def test_down_refuses_and_up_is_the_same_port(echo: str) -> None:
    """Open connections end, new ones are refused, and later all is well at the same place."""
    met = asyncio.Event()

    def meet(_: bytes) -> tuple[Toxic, ...]:
        met.set()
        return ()

    async with proxy(echo, meet) as chaos:
        reader, writer = await asyncio.open_connection("127.0.0.1", chaos.port)
        writer.write(SENT[:1])
        await met.wait()
        await chaos.down()
        assert await reader.read() == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await through(chaos)
        await chaos.up()
        assert b"".join((await through(chaos))[0]) == SENT


async def test_toxics_are_chosen_by_the_head(echo: str) -> None:
    """A test aims at one connection among many."""
    async with proxy(echo, lambda head: (LimitData("downstream", 0),) if b"\x07" in head else ()) as chaos:
        assert (await through(chaos))[0] == []
