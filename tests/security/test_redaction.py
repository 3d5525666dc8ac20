"""A secret that is planted everywhere turns up nowhere: errors, tracebacks with locals, logs, reprs, pickles."""

import asyncio
import io
import json
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from rich.console import Console
from rich.traceback import Traceback

from bria_async import errors
from bria_async.session import Session
from bria_async.wire.convert import structure
from bria_async.wire.redaction import redacted, shown
from bria_async.wire.secret import HIDDEN, SHORTEST, Secret
from bria_async.wire.webhook import verify_webhook
from tests.security.ways import ADDRESSED, ALL, CALLS
from tests.support import PushedHost, Recorder
from tests.transport.raw import Connection, http, raw

CANARY = 'canary/77"e1\\c0ffee'
"""A token whose every spelling differs: in JSON, and in an address."""
QUERY = "s3cret-signature"
TOKENS = (CANARY, json.dumps(CANARY)[1:-1], quote(CANARY, safe=""), repr(CANARY)[1:-1])
SPELLINGS = (*TOKENS, QUERY)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token comes from the environment: no frame of a test holds it."""
    monkeypatch.setenv("BRIA_API_TOKEN", CANARY)


@pytest.fixture(autouse=True)
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No logger of any library writes a secret."""
    caplog.set_level(logging.DEBUG)
    yield
    assert_clean(caplog.text)


def assert_clean(*texts: str) -> None:
    """None of the secrets is in any of the texts, however it is spelled."""
    _assert_without(SPELLINGS, texts)


def _assert_without(spellings: tuple[str, ...], texts: Iterable[str]) -> None:
    for text in texts:
        for spelling in spellings:
            at = text.find(spelling)
            assert at < 0, f"{spelling} shows in ...{text[max(0, at - 300) : at + 60]}"


def assert_faceless(error: BaseException) -> None:
    """Nothing that anybody prints of an error shows a secret.

    That is its texts, its fields, its pickle, and its traceback; and with locals, as the standard library and rich show
    them, the token. (The address is an argument of whoever asked for it.)
    """
    texts = [str(error), repr(error), repr(vars(error)), *getattr(error, "__notes__", ())]
    if isinstance(error, errors.BriaError):
        texts.append(repr(pickle.dumps(error)))
    assert_clean(*texts, "".join(traceback.format_exception(error)))
    console = Console(file=io.StringIO(), width=400)
    how: dict[str, Any] = {"show_locals": True, "locals_max_string": None, "locals_max_length": None}
    console.print(Traceback.from_exception(type(error), error, error.__traceback__, **how))
    assert isinstance(console.file, io.StringIO)
    plain = traceback.TracebackException.from_exception(error, capture_locals=True)
    _assert_without(TOKENS, ["".join(plain.format()), console.file.getvalue()])


async def caught(way: str, base_url: str, file: Path, **how: Any) -> BaseException | None:
    """What a way ends with, at a server that is up to something."""
    async with Session(base_url=base_url, host=PushedHost(seed=1), **how) as bria:
        try:
            await ALL[way](bria, f"{base_url}/a.png?signature={QUERY}", file)
        except errors.BriaError as error:
            return error
    return None


def said(status: int) -> Callable[[Any], web.Response]:
    """An answer that repeats everything it has heard, in every spelling."""
    spelled = [CANARY, quote(CANARY, safe=""), f"https://user:{QUERY}@h/p?key={QUERY}&b=1#{QUERY}"]
    text = json.dumps(
        {"error": {"message": " ".join(spelled), "details": spelled, "code": CANARY}, "request_id": CANARY}
    )
    return lambda _: web.Response(status=status, text=text, content_type="application/json")


@pytest.mark.parametrize("status", [200, 302, 401, 404, 429, 503])
@pytest.mark.parametrize("way", ALL)
async def test_what_a_server_repeats_is_not_passed_on(way: str, status: int, server: Recorder, file: Path) -> None:
    """Neither the token nor what stands in the query of an address, in no face of the error."""
    server.answer = said(status)
    error = await caught(way, server.base_url, file)
    if error is None:
        assert way not in CALLS or status == 200
        return
    assert_faceless(error)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"id": [f"https://h/p?sig={QUERY}", CANARY]}),
        json.dumps(f"Invalid token {CANARY}"),
        f"<html>{CANARY} https://h/p?sig={QUERY}</html>",
        json.dumps({"errors": [{"field_name": "image_url", "msg": "no", "field_input": f"https://h/p?sig={QUERY}"}]}),
        json.dumps({"message": f"cannot load https://h/p?a=1&sig={QUERY}"}).replace("&", "\\u0026"),
        json.dumps({"message": f"cannot load https://h/p?sig={QUERY}"}).replace("/", "\\/"),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_every_shape_of_an_answer_is_read_so(body: str, status: int, server: Recorder, file: Path) -> None:
    """Whatever shape repeats a secret, and in whatever escapes."""
    server.answer = lambda _: web.Response(status=status, text=body, content_type="application/json")
    error = await caught("read", server.base_url, file)
    assert error is not None
    assert_faceless(error)


async def reset(connection: Connection) -> None:
    """RST after the head."""
    connection.reset()


async def cut(connection: Connection) -> None:
    """Less of a body than its length said."""
    await connection.answer(http(b"x" * 100)[:-50])


async def garbage(connection: Connection) -> None:
    """No HTTP, and the request sent back."""
    await connection.answer(b"nonsense " + connection.head)


async def silence(_: Connection) -> None:
    """No answer."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("behave", [reset, cut, garbage, silence])
@pytest.mark.parametrize("way", ALL)
async def test_what_a_broken_connection_leaves_shows_nothing(
    way: str, behave: Callable[[Connection], Awaitable[None]], file: Path
) -> None:
    """Errors of aiohttp show headers and addresses; ours neither do nor hang on to one that does."""
    async with raw(behave) as server:
        error = await caught(way, server.base_url, file, timeout=0.05)
    if error is not None:
        assert error.__context__ is None or way in ADDRESSED, f"hangs on to {error.__context__!r}"
        assert_faceless(error)


@pytest.mark.parametrize("way", ALL)
async def test_a_call_that_is_cancelled_shows_nothing_wherever_it_was(way: str, server: Recorder, file: Path) -> None:
    """The traceback of a cancellation goes through aiohttp's frames, step by step through the whole request."""
    server.answer = said(503)
    url = f"{server.base_url}/a.png?signature={QUERY}"
    cancelled = 0
    async with Session(base_url=server.base_url) as bria:
        for steps in range(0, 40, 2):
            task = asyncio.ensure_future(ALL[way](bria, url, file))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            ended: object = (await asyncio.gather(task, return_exceptions=True))[0]
            if isinstance(ended, asyncio.CancelledError):
                cancelled += 1
                assert_faceless(ended)
    assert cancelled > 3, "it was cancelled on its way"


@pytest.mark.parametrize(
    "given",
    [
        {"token": f"{CANARY} two words"},
        {"token": f"{CANARY}é"},
        {"token": f"{CANARY}".encode()},
        {"token": CANARY, "base_url": "http://example.com"},
        {"token": CANARY, "base_url": f"https://user:{QUERY}@example.com"},
        {"token": CANARY, "base_url": f"https://example.com:x/?k={QUERY}"},
        {"token": CANARY, "requests_per_minute": -1},
    ],
)
def test_a_session_that_cannot_be_made_does_not_show_why(given: dict[str, Any]) -> None:
    """Neither in its error nor in the locals of its frames."""

    def make(values: Iterator[dict[str, Any]]) -> None:
        Session(**next(values))

    with pytest.raises(errors.ConfigurationError) as found:
        make(iter([given]))
    error = found.value
    assert_clean(str(error), repr(error))
    _assert_without(TOKENS, _own_frames(error))


@pytest.mark.parametrize("wrong", ["no header", "other signature", "stale", "no text"])
def test_a_webhook_that_is_refused_does_not_show_what_signs(wrong: str) -> None:
    """Neither in its error nor in the locals of its frames."""
    headers = {"Bria-Webhook-Id": "1", "Bria-Webhook-Timestamp": "1", "Bria-Webhook-Signature": "v1=x"}
    headers |= {"no text": {"Bria-Webhook-Id": "\ud800"}}.get(wrong, {})
    if wrong == "no header":
        headers.clear()
    for given in (CANARY, [CANARY, CANARY]):
        with pytest.raises(errors.WebhookInvalid) as found:
            verify_webhook(b"{}", headers, given, max_age=1, now=9e9)
        assert_clean(str(found.value), *_own_frames(found.value))


def _own_frames(error: BaseException) -> list[str]:
    """The locals of the frames of the library: those of a test hold what it planted."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    own = [frame for frame in found if "/bria_async/" in frame.filename]
    assert own, "the error came from the library"
    return [text for frame in own for text in (frame.locals or {}).values()]


async def test_a_session_shows_no_secret_in_any_of_its_parts(server: Recorder) -> None:
    """Whatever hangs on it, as deep as anybody prints it."""
    async with Session(base_url=server.base_url) as bria:
        parts = [bria, bria._connected(), *vars(bria).values()]
        console = Console(file=io.StringIO(), width=400)
        console.print(parts)
        assert isinstance(console.file, io.StringIO)
        assert_clean(repr(parts), str(parts), console.file.getvalue())


async def test_a_request_shows_neither_its_query_nor_its_body(server: Recorder) -> None:
    """What a hook or a traceback prints of a call is its operation and path."""
    async with Session(base_url=server.base_url, host=PushedHost(seed=1)) as bria:
        call = bria.visuals.endpoints["register"].call({"image_url": f"https://h/p?sig={QUERY}"})
        assert_clean(repr(call))
        found = bria.search.endpoints["by_text"].call({"query": QUERY})
    assert QUERY in str(found.query) + str(found.json)
    assert_clean(repr(found))


def test_a_job_that_failed_shows_no_signature(server: Recorder) -> None:
    """The reason of a failed job often names an address that could not be loaded."""
    from bria_async.api.jobs import _outcome  # noqa: PLC0415  # the one place that words it
    from bria_async.types.jobs import JobStatus  # noqa: PLC0415  # as above

    problem = {"code": 1, "message": f"cannot load https://h/p?sig={QUERY}", "details": f"http://h/?{QUERY}"}
    status = structure({"status": "ERROR", "error": problem}, JobStatus)
    with pytest.raises(errors.JobFailed, match="cannot load https://h/p") as found:
        _outcome(status, "1")
    assert_clean(str(found.value), repr(found.value))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://u:p@h:8/p/a.png?sig=1#f", "https://h:8/p/a.png"),
        ("see https://h/p?a=1 and http://x/y#z.", "see https://h/p and http://x/y"),
        ("s3://bucket/key?versionId=1", "s3://bucket/key"),
        ('{"a": "https://h/p?a=1\\u0026b=2", "b": 1}', '{"a": "https://h/p", "b": 1}'),
        ("what? no address: a://, 3:45", "what? no address: a://, 3:45"),
        ("", ""),
    ],
)
def test_addresses_in_texts_are_shown_by_host_and_path(text: str, expected: str) -> None:
    """Scheme, host and path are let through, and the rest of the text is."""
    assert redacted(text) == expected


def test_an_address_is_shown_even_when_it_is_none() -> None:
    """Nonsense without a scheme loses what stands behind its question mark too."""
    assert (shown("result.png?x=1"), shown("http://[bad?x"), shown("")) == ("result.png", "http://[bad", "")


def test_a_short_token_is_not_looked_for() -> None:
    """The simulator takes any word, and a word may well mean itself; from 16 characters on it is hidden."""
    assert Secret("simulated").hidden_in(b'{"name": "simulated"}') == b'{"name": "simulated"}'
    assert Secret("x" * SHORTEST).hidden_in(b"a " + b"x" * SHORTEST) == b"a " + HIDDEN
