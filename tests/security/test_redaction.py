"""A secret that is planted everywhere turns up nowhere: errors, tracebacks with locals, logs, reprs, pickles."""

import asyncio
import io
import json
import logging
import pickle
import re
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from aiohttp import web
from rich.console import Console
from rich.traceback import Traceback

from bria_async import errors
from bria_async.session import FAMILIES, Session
from bria_async.wire.convert import structure
from bria_async.wire.redaction import SHOWN, excerpt, shown
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
    _assert_without((CANARY, QUERY), map(plain, texts))


def plain(text: str) -> str:
    """A text with every escape undone that may hide a secret from whoever looks for it, and from nobody else."""
    text = re.sub(r"\\+u00([0-9a-fA-F]{2})", lambda code: chr(int(code[1], 16)), text.replace("\0", ""))
    return re.sub(r"\\+x00", "", unquote(text))


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


@pytest.mark.exhaustive
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


def escaped(text: str, form: str = "\\u%04x") -> str:
    """Every character of a text as an escape."""
    return "".join(form % ord(char) for char in text)


ESCAPED = {
    "JSON": escaped(CANARY),
    "JSON in capitals": escaped(CANARY, "\\u%04X"),
    "JSON in JSON": escaped(CANARY, "\\\\u%04x"),
    "address": escaped(CANARY, "%%%02x"),
    "address in capitals": escaped(CANARY, "%%%02X"),
    "one character": escaped(CANARY[0]) + json.dumps(CANARY)[2:-1],
    "the last character": json.dumps(CANARY)[1:-2] + escaped(CANARY[-1]),
    "one of each": "".join(
        form % ord(char) for form, char in zip(["\\u%04x", "%%%02X", "\\u%04X"] * 9, CANARY, strict=False)
    ),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("spelled", ESCAPED.values(), ids=ESCAPED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("shape", ['{"message": "invalid %s", "id": ["%s"]}', "<html>%s</html> %s"])
@pytest.mark.parametrize("status", [200, 400])
async def test_no_escape_hides_the_token_from_us(
    spelled: str, encoding: str, shape: str, status: int, server: Recorder, file: Path
) -> None:
    """Whatever stands for a character of it, in whatever width; and what JSON reads later is no token either."""
    body = (shape % (spelled, spelled)).encode(encoding)
    server.answer = lambda _: web.Response(status=status, body=body, content_type="application/json")
    error = await caught("read", server.base_url, file)
    assert isinstance(error, errors.Unreadable | errors.BadRequest)
    assert_faceless(error)
    assert HIDDEN.decode() in error.body, "it was looked for, and not only unreadable"


@pytest.mark.parametrize("name", ESCAPED)
async def test_no_answer_holds_the_token(name: str, server: Recorder) -> None:
    """A value that is read from escapes is kept without it too."""
    body = f'[{{"id": 1, "project_name": "my {ESCAPED[name]}", "other": "{ESCAPED[name]}"}}]'
    server.answer = lambda _: web.Response(text=body, content_type="application/json")
    async with Session(base_url=server.base_url) as bria:
        (project,) = await bria.projects.list()
    assert_clean(repr(project), repr(project.raw), repr(project.extra))


def test_a_large_answer_is_looked_through_in_little_time() -> None:
    """64 MiB without the token cost no more than reading them does: some passes over the bytes, and no matching."""
    secret, size = Secret(CANARY), 64 * 2**20
    row = json.dumps({"url": "https://h/a%2Fb.png?c=d%3D", "text": 'a "quoted" line\n'}).encode()
    for body in (bytes(size), b"x" * size, row * (size // len(row)), b"\\" * size, CANARY[:3].encode() * (size // 3)):
        began = time.process_time()
        assert secret.hidden_in(body) is body
        took = time.process_time() - began
        assert took < 1.0, f"{took:.2f} s for {body[:9]!r}"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"id": [f"https://h/p?sig={QUERY}", CANARY]}),
        json.dumps(f"Invalid token {CANARY}"),
        f"<html>{CANARY} https://h/p?sig={QUERY}</html>",
        json.dumps({"errors": [{"field_name": "image_url", "msg": "no", "field_input": f"https://h/p?sig={QUERY}"}]}),
        json.dumps({"message": f"cannot load https://h/p?a=1&sig={QUERY}"}).replace("&", "\\u0026"),
        json.dumps({"message": f"cannot load https://h/p?sig={QUERY}"}).replace("/", "\\/"),
        json.dumps({"message": f"cannot load https://h/p?sig={QUERY}"}).replace("?", "\\u003f"),
        json.dumps({"message": f"cannot load https://h/p#sig={QUERY}"}).replace("#", "\\u0023"),
        json.dumps({"message": f"cannot load https://u:{QUERY}@h/p"}).replace("@", "\\u0040"),
        json.dumps({"message": f"cannot load //h/p?sig={QUERY}, h.com/p?X-Amz-Signature={QUERY}, a.png?sig={QUERY}"}),
        json.dumps({"message": quote(f"https://u:{QUERY}@h/p?sig={QUERY}", safe="")}),
        json.dumps({"message": "x" * 1980 + f" https://user:{QUERY}" + "y" * 5000 + "@h/p"}),
        "not JSON " + "x" * 175 + f" https://user:{QUERY}" + "y" * 5000 + "@h/p",
        json.dumps({"id": ["x" * 1980 + f" https:\\u002f\\u002fuser:{QUERY}" + "y" * 5000 + "@h/p"]}),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_every_shape_of_an_answer_is_read_so(body: str, status: int, server: Recorder, file: Path) -> None:
    """Whatever shape repeats a secret, in an address of whatever form, and wherever it is cut."""
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
        families = [getattr(bria, name) for name in FAMILIES]
        parts = [bria, bria._connected(), *families, *vars(bria).values()]
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
    """The reason of a failed job often names an address that could not be loaded, and may be as long as it likes."""
    from bria_async.api.jobs import _outcome  # noqa: PLC0415  # the one place that words it
    from bria_async.types.jobs import JobStatus  # noqa: PLC0415  # as above

    long = "https://h/p " * 500_000
    problem = {
        "code": f"//h?{QUERY}",
        "message": f"cannot load https://h/p?sig={QUERY}",
        "details": f"http://h/?{QUERY}",
    }
    status = structure(
        {"status": "ERROR", "error": {key: f"{text} {long}" for key, text in problem.items()}}, JobStatus
    )
    began = time.process_time()
    with pytest.raises(errors.JobFailed, match="cannot load https://h/p") as found:
        _outcome(status, "1")
    took = time.process_time() - began
    assert_clean(str(found.value), repr(found.value))
    assert len(repr(found.value)) < 4 * SHOWN
    assert took < 0.5, f"{took:.2f} s on the loop for words that nobody sees"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://u:p@h:8/p/a.png?sig=1#f", "https://h:8/p/a.png"),
        ("see https://h/p?a=1 and http://x/y#z.", "see https://h/p and http://x/y"),
        ("s3://bucket/key?versionId=1", "s3://bucket/key"),
        ('{"a": "https://h/p?a=1\\u0026b=2", "b": 1}', '{"a": "https://h/p", "b": 1}'),
        ("what? no address: a://, 3:45", "what? no address: a://, 3:45"),
        ("is/was? a #1", "is/was a #1"),
        ("//u:p@h/p?a=1 h.com/p?a=1 a.png?a=1", "//h/p h.com/p a.png"),
        ("https://a/p,https://u:p@h/p", "https://a/p,https://h/p"),
        ("https:\\/\\/u:p\\u0040h\\/p\\u003fa=1", "https:\\/\\/h\\/p"),
        ("https%3A%2F%2Fu%3Ap%40h%2Fp%3Fa%3D1", "https%3A%2F%2Fh%2Fp"),
        ("", ""),
    ],
)
def test_addresses_in_texts_are_shown_by_host_and_path(text: str, expected: str) -> None:
    """Scheme, host and path are let through, and the rest of the text is."""
    assert excerpt(text) == expected


@pytest.mark.parametrize("at", range(60))
def test_no_cut_shows_half_of_a_password(at: int) -> None:
    """Wherever a text ends, and however long the address that it ends in."""
    for address in (f"https://user:{QUERY}{'y' * 5000}@h/p", f"https://h/p?sig={QUERY}", f"//u:{QUERY}@h"):
        for spelled in (address, address.replace("/", "\\/"), quote(address, safe="")):
            found = excerpt("x" * at + " " + spelled, 60)
            assert len(found) <= 60
            assert "s3cret" not in found


@pytest.mark.parametrize("unit", ["/", "\\", "?", "a/", "//a@", "?a", "%", "a?=", "\\u002f", "//a:"])
def test_the_work_on_an_excerpt_is_bounded(unit: str) -> None:
    """Ten million characters take no longer than those that are looked at."""
    began = time.process_time()
    assert len(excerpt(unit * 10_000_000)) <= SHOWN
    assert time.process_time() - began < 1.0


def test_an_address_is_shown_even_when_it_is_none() -> None:
    """Nonsense without a scheme loses what stands behind its question mark too."""
    assert (shown("result.png?x=1"), shown("http://[bad?x"), shown("")) == ("result.png", "http://[bad", "")


def test_a_short_token_is_not_looked_for() -> None:
    """The simulator takes any word, and a word may well mean itself; from 16 characters on it is hidden."""
    assert Secret("simulated").hidden_in(b'{"name": "simulated"}') == b'{"name": "simulated"}'
    assert Secret("x" * SHORTEST).hidden_in(b"a " + b"x" * SHORTEST) == b"a " + HIDDEN
