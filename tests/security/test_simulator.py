"""The simulator listens on this machine only, and connects to nothing that it was not told to."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest

from bria_async.session import FAMILIES
from bria_async.sim import simulator
from tests.support import Recorder, contract, samples

ROOT = Path(__file__).parent.parent.parent
OUTSIDE = [
    "http://192.0.2.1/a.png",
    "https://evil.example/a.png",
    "http://169.254.169.254/latest/meta-data",
    "http://[::ffff:192.0.2.1]/a.zip",
    "file:///etc/passwd",
    "//evil.example/a.png",
    "https://known.example@evil.example/a.png",
    "https://known.example/a.png.evil.example",
]


@attrs.define
class Watched:
    """A simulator in a process of its own, and afterwards what its sockets did."""

    base_url: str
    events: list[list[Any]] = attrs.field(factory=list)

    @property
    def connected(self) -> set[tuple[str, int]]:
        """Where it connected or sent to."""
        return {tuple(where[:2]) for event, *_, where in self.events if event not in {"socket.bind", NAMES}}

    @property
    def looked_up(self) -> set[str]:
        """Names that it asked for."""
        return {where[0] for event, *where in self.events if event == NAMES}


NAMES = "socket.getaddrinfo"


@contextlib.asynccontextmanager
async def watched(fixture: Path) -> AsyncIterator[Watched]:
    """Serve; when this is left, all that was due has happened, and `events` is complete."""
    program = (sys.executable, "-m", "tests.security.watched", str(fixture))
    log = fixture.with_name("events")
    with log.open("wb") as events:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*program, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=events)
    assert process.stdout is not None
    try:
        found = Watched((await process.stdout.readline()).decode().strip())
        yield found
    finally:
        await process.communicate(b"")
    lines = log.read_text().splitlines()
    assert process.returncode == 0, lines
    found.events += [json.loads(line) for line in lines if line.startswith("[")]


def requests_with(url: str, of: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Requests for every operation that takes an address, with this one for each of them."""
    found = []
    for operation, row in contract().items():
        family, name = operation.split(".")
        endpoint = FAMILIES[family].endpoints[name]
        given = {row["name"]: row for row in row["params"]}
        values = {key: value for key, value in samples(operation, required_only=True).items() if key in given}
        taking = [key for key, row in given.items() if of in f"{key} {row.get('as_published', '')}".lower()]
        body = {key: [url] if "[" in str(given[key]["type"]) else url for key in taking}
        path = endpoint.path
        for key in [key for key, row in given.items() if row["in"] == "path"]:
            path, _ = path.replace(f"{{{key}}}", str(values.pop(key, 1))), body.pop(key, None)
        if body and endpoint.method in {"POST", "PUT"}:
            plain = {key: value for key, value in values.items() if not isinstance(value, bytes)}
            found.append((endpoint.method, path, plain | body))
    return found


async def test_no_address_is_ever_fetched(tmp_path: Path, server: Recorder) -> None:
    """Every operation that takes one gets addresses of all kinds, this machine's too: no connection, no look-up."""
    (tmp_path / "a.png").write_bytes(b"x")
    asked = 0
    async with watched(tmp_path / "a.png") as sim, aiohttp.ClientSession(headers={"api_token": "t"}) as http:
        for url in [*OUTSIDE, f"{server.base_url}/a.png"]:
            for of in ("url", "image", "video", "mask"):
                for method, path, body in requests_with(url, of):
                    body.pop("webhook_url", None)
                    async with http.request(method, sim.base_url + path, json=body) as answer:
                        assert answer.status < 600
                    asked += 1
    assert asked > 500, "there are operations that take addresses"
    assert server.requests == []
    assert sim.connected == set()
    assert sim.looked_up <= {"127.0.0.1"}, "only its own address"


async def test_webhooks_go_where_they_were_told_and_only_on_this_machine(tmp_path: Path, server: Recorder) -> None:
    """A job with the address of this machine is reported there, and to a redirect's target not; others are not."""
    (tmp_path / "a.png").write_bytes(b"x")
    server.answers(status=307, Location="http://192.0.2.1/elsewhere")
    body = {"prompt": "a cat"}
    async with watched(tmp_path / "a.png") as sim, aiohttp.ClientSession(headers={"api_token": "t"}) as http:
        for url in [*OUTSIDE, "http://127.0.0.1.nip.example/", f"{server.base_url}/hook"]:
            async with http.post(f"{sim.base_url}/v2/image/generate", json=body | {"webhook_url": url}) as answer:
                assert answer.status in {202, 400, 422}
    port = int(server.base_url.rpartition(":")[2])
    assert sim.connected == {("127.0.0.1", port)}
    assert {seen.path for seen in server.requests} == {"/hook"}
    assert all("api_token" not in seen.headers for seen in server.requests)


async def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    """By default, embedded and as a process."""
    (tmp_path / "a.png").write_bytes(b"x")
    async with watched(tmp_path / "a.png") as sim:
        pass
    bound = [event[1][0] for event in sim.events if event[0] == "socket.bind"]
    assert set(bound) == {"127.0.0.1"}
    async with simulator() as here:
        assert here.base_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("name", ["simulate"])
def test_the_command_listens_on_this_machine_unless_it_is_told(name: str) -> None:
    """The flag for another address has this machine's as its default."""
    from bria_async.cli.app import app  # noqa: PLC0415  # needs no simulator

    (host,) = [flag for flag in app.commands[name].params if flag.name == "host"]
    assert host.default == "127.0.0.1"
