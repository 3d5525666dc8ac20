"""Other pages, other people and other names of this machine get nothing of a dashboard, and change nothing."""

import logging
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path

import attrs
import pytest

from bria_async import dashboard
from bria_async.dashboard.web.guard import Guard
from bria_async.errors import ConfigurationError

from .door import FORM, OURS, Door, serving

CHANGES = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
async def door(shelf: Path) -> AsyncIterator[Door]:
    """A dashboard that only shows."""
    async with serving(shelf) as door:
        yield door


@pytest.fixture
async def control(shelf: Path) -> AsyncIterator[Door]:
    """A dashboard that can change something."""
    async with serving(shelf, control=True) as door:
        yield door


def asked_of(shelf: Path) -> list[Path]:
    """The requests that were left for the draft."""
    return list((shelf / "draft" / "control").glob("*"))


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]", "127.0.0.1:{port}", "[::1]:{port}"])
async def test_names_of_this_machine(door: Door, name: str) -> None:
    """With a port or without, in any case of letters, and as an address of IPv6."""
    assert (await attrs.evolve(door, name=name.format(port=door.port)).ask("/")).status == 200


@pytest.mark.fault("S2")
@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example",
        "localhost.",
        "127.0.0.1@evil.example",
        "0.0.0.0:{port}",
        "[::ffff:127.0.0.1]",
        "::1",
        "",
    ],
)
async def test_other_names(door: Door, name: str) -> None:
    """A name that somebody had lead here is refused, though the key is right."""
    asked = attrs.evolve(door, name=name.format(port=door.port))
    refused = await asked.ask("/")
    assert refused.status == 421
    assert b"studio" not in refused.body
    assert "Set-Cookie" not in (await asked.ask(f"/?key={door.key}")).headers


async def test_no_name_and_two(door: Door) -> None:
    """A request that goes by no name is refused, as of old programs, too; one that goes by two is none."""
    unnamed = attrs.evolve(door, name=None)
    assert (await attrs.evolve(unnamed, version="HTTP/1.0").ask("/")).status == 421
    assert (await unnamed.ask("/")).status == 400
    assert (await door.ask("/", headers=[("Host", "evil.example")])).status == 400


# --- the key -------------------------------------------------------------------------------------------------------


@pytest.mark.fault("S2")
@pytest.mark.parametrize("target", ["/", "/live", "/runs/studio", "/static/live.js", "/nowhere", "/runs/studio/report"])
@pytest.mark.parametrize("given", ["", "wrong", "\xff\xfe"])
async def test_without_the_key(door: Door, target: str, given: str) -> None:
    """Nothing is shown without it, not even what there is, and what is no text is merely wrong."""
    name = door.cookie.partition("=")[0]
    stranger = attrs.evolve(door, cookie=given and f"{name}={given}")
    assert (await stranger.ask(target)).status == 403
    query = "%ff" if given == "\xff\xfe" else given
    refused = await stranger.ask(f"{target}?key={query}")
    assert refused.status == 403
    assert "Set-Cookie" not in refused.headers


@pytest.mark.fault("S2")
async def test_the_key_becomes_a_cookie(door: Door) -> None:
    """It leaves the address at once, for a place where neither scripts nor other sites get at it."""
    entered = await attrs.evolve(door, cookie="").ask(f"/runs/studio?key={door.key}&other=1")
    assert (entered.status, entered.headers["Location"]) == (303, "/runs/studio?other=1")
    (cookie,) = SimpleCookie(entered.headers["Set-Cookie"]).values()
    assert (cookie.value, cookie["samesite"], cookie["path"]) == (door.key, "Strict", "/")
    assert cookie["httponly"]
    assert not cookie["domain"]
    assert not cookie["max-age"], "it ends with the browser"


@pytest.mark.fault("S2")
@pytest.mark.parametrize(
    "start", ["//evil.example/", "///evil.example", "/\\evil.example/", "/\\/evil.example", "\\\\evil"]
)
async def test_the_key_leads_nowhere_else(door: Door, start: str) -> None:
    """What browsers read as another host is none, for whoever knows the key already, too."""
    for given in (door.key, "wrong"):
        entered = await door.ask(f"{start}?key={given}")
        inside = entered.headers.get("Location", "/")
        assert inside.startswith("/")
        assert inside[1:2] not in ("/", "\\"), inside


def test_an_empty_key() -> None:
    """It would be known to anybody, so it is refused."""
    with pytest.raises(ConfigurationError, match="must not be empty"):
        dashboard.app(key="")


async def test_another_key_each_time(shelf: Path, door: Door) -> None:
    """Nobody gets in with the key of a dashboard that was here before."""
    async with serving(shelf) as other:
        assert other.key != door.key
        assert (await attrs.evolve(other, cookie=door.cookie).ask("/")).status == 403
        assert (await attrs.evolve(other, cookie=f"{door.cookie}; {other.cookie}").ask("/")).status == 200


async def test_the_key_is_kept_to_itself(control: Door, caplog: pytest.LogCaptureFixture) -> None:
    """It stands in no page, no log and no repr."""
    caplog.set_level(logging.DEBUG)
    pages = ("/", "/compare", "/runs/studio", "/runs/draft", "/runs/many", "/runs/nobody", "/static/live.js")
    for target in pages:
        assert control.key not in (await control.ask(target)).text
        await attrs.evolve(control, cookie="").ask(f"{target}?key={control.key}")
    assert control.key not in caplog.text
    assert control.key not in repr(Guard(key=control.key))


# --- changes -------------------------------------------------------------------------------------------------------


@pytest.mark.fault("S2")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://localhost:{port}"},
        {"Origin": "http://127.0.0.1:{port}.evil.example"},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_pages_of_others_change_nothing(shelf: Path, control: Door, headers: dict[str, str]) -> None:
    """Whatever sends a request, only a page of the dashboard may ask for a change, though a browser adds the cookie."""
    told = [(name, value.format(port=control.port)) for name, value in headers.items()]
    for method in CHANGES:
        for target in ("/runs/draft/approve", "/runs/draft/stop", "/runs/draft", "/", "/static/live.js"):
            assert (await control.ask(target, method, b"training=on", [*told, ("Content-Type", FORM)])).status == 403
    assert asked_of(shelf) == []


async def test_a_browser_without_scripts_is_led_back(shelf: Path, control: Door) -> None:
    """To the page of the run, once the wish is handed in."""
    told = [OURS, ("Content-Type", FORM), ("Sec-Fetch-Mode", "navigate")]
    answer = await control.ask("/runs/draft/approve", "POST", headers=told)
    assert (answer.status, answer.headers["Location"]) == (303, "/runs/draft")
    (request,) = asked_of(shelf)
    request.unlink()


async def test_the_key_in_an_address_changes_nothing(shelf: Path, control: Door) -> None:
    """A form whose address holds the key was not sent by whoever has the cookie."""
    stranger = attrs.evolve(control, cookie="")
    assert (await stranger.post(f"/runs/draft/approve?key={control.key}")).status == 403
    assert asked_of(shelf) == []


@pytest.mark.parametrize("headers", [dict([OURS]), {"Origin": "http://127.0.0.1:{port}"}])
async def test_pages_of_the_dashboard_change_something(shelf: Path, control: Door, headers: dict[str, str]) -> None:
    """By the word of the browser, or of one that is too old to say more than where a page is from."""
    told = [(name, value.format(port=control.port)) for name, value in headers.items()]
    answer = await control.ask("/runs/draft/approve", "POST", b"", [*told, ("Content-Type", FORM)])
    assert (answer.status, answer.text) == (200, "Approved: the run goes on as soon as somebody works on it.")
    (request,) = asked_of(shelf)
    request.unlink()


@pytest.mark.fault("S2")
@pytest.mark.parametrize("method", CHANGES)
async def test_nothing_changes_without_control(shelf: Path, door: Door, method: str) -> None:
    """There is nothing that could be asked for."""
    for name in ("approve", "stop", "caption", "schema"):
        assert (await door.ask(f"/runs/draft/{name}", method, headers=[OURS])).status == 404
    assert (await door.ask("/runs/draft", method, headers=[OURS])).status == 405
    assert "<button" not in (await door.ask("/runs/draft")).text
    assert asked_of(shelf) == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_only_forms_are_taken(control: Door, method: str) -> None:
    """No other method does anything."""
    assert (await control.ask("/runs/draft/approve", method, headers=[OURS])).status == 405


async def test_forms_that_are_too_long(shelf: Path, control: Door) -> None:
    """They are refused, whether they say how long they are or not."""
    long = b"caption=" + b"a" * 2**17
    assert (await control.post("/runs/draft/caption", long)).status == 413
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(long), long)
    told = [("Transfer-Encoding", "chunked"), ("Content-Type", FORM), OURS]
    assert (await control.ask("/runs/draft/caption", "POST", chunked, told)).status == 413
    assert asked_of(shelf) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"caption=\xff"),
        (f"{FORM}; charset=nothing", b"caption=a"),
        ("multipart/form-data", b"caption"),
        ("multipart/form-data; boundary=x", b"caption"),
    ],
)
async def test_forms_that_are_none(control: Door, kind: str, body: bytes) -> None:
    """What cannot be read is refused in one sentence."""
    answer = await control.ask("/runs/draft/caption", "POST", body, [OURS, ("Content-Type", kind)])
    assert (answer.status, answer.text) == (400, "That is no form.")


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("caption", b"image=1", "The form has no caption."),
        ("caption", b"caption=a", "The form has no image."),
        ("caption", b"image=1&caption=++", "The caption is empty."),
        ("schema", b"text=none", "The visual schema of a run of the family fibo must be a JSON object, not 'none'."),
    ],
)
async def test_forms_that_lack_something(shelf: Path, control: Door, name: str, body: bytes, words: str) -> None:
    """They are told what is wrong with them, and nothing reaches the run."""
    answer = await control.post(f"/runs/draft/{name}", body)
    assert (answer.status, answer.text) == (422, words)
    assert asked_of(shelf) == []
