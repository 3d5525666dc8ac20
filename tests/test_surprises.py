"""Whatever a server answers, there is a value or an error of this library: never anything else.

Replies are drawn for every operation: recorded ones with a few things changed, JSON that has nothing to do with it,
and bytes that are no JSON. Nothing is random from run to run.
"""

import contextlib
import copy
import functools
import inspect
import itertools
import json
import sys
import zlib
from collections.abc import Iterator
from typing import Any, get_origin

import attrs
import pytest
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from bria_async.errors import BriaError
from bria_async.session import Session
from bria_async.types.common import Value
from bria_async.wire import Call
from bria_async.wire.convert import structure, unstructure
from bria_async.wire.reply import Reply, read_error
from bria_async.wire.retry import RetryPolicy
from tests.support import HERE, TOKEN, Recorder, Request, contract, endpoint, perform, reply, samples

pytestmark = pytest.mark.exhaustive

OPERATIONS = sorted(contract())
FILES = sorted(file.stem for file in (HERE / "replies").glob("*.json"))
LONGEST = 8000
"""Characters of an error's text: a reply of megabytes must not become one."""

steadily = settings(
    max_examples=40,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def nested(depth: int, kind: str = "[]") -> bytes:
    """Brackets in brackets."""
    opening = b"[" if kind == "[]" else b'{"result":'
    closing = b"]" if kind == "[]" else b"}"
    return opening * depth + b"1" + closing * depth


ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**18, -(10**400), 1e308, float("inf"), float("nan")),
    *("", " ", "0", "007", "-1", "1e5", "nan", "null", "x" * 20_000, "9" * 5000, "\ud800", "\x00", "١٢", "Ünï"),
    *("https://a/1.png", "http://", "COMPLETED", "UNKNOWN", "2024-13-99", "0001-01-01T00:00:00+23:59", "{}"),
    *([], {}, [[]], [None], [{}], [[[[]]]], {"": None}, {"id": {}}, {"id": [1]}, {"result": None}, {"urls": [[["x"]]]}),
    *(
        [1, "a", None, {"url": 3}],
        [["https://a", 5, "b"]],
        [[None, None, None]],
        {"error": [1]},
        json.loads(nested(60)),
    ),
]
"""What nobody expects in an answer."""

KEYS = ["id", "result", "urls", "error", "code", "status", "request_id", "visual_id", "seed", "oracle", "x", ""]
odd = st.sampled_from(ODD).map(copy.deepcopy)
free_json = st.recursive(
    odd | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


def spots(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in JSON data, as its container and its key there."""
    inside = enumerate(data) if isinstance(data, list) else data.items() if isinstance(data, dict) else ()
    for key, value in inside:
        yield data, key
        yield from spots(value)


def bodies_of(operation: str) -> list[Any]:
    """The bodies that were recorded for an operation."""
    names = [name for name in FILES if name.split(".")[:2] == operation.split(".")]
    return [body for name in names if (body := reply(name)["body"]) is not None] or [{}]


@st.composite
def changed(draw: st.DrawFn, operation: str) -> Any:
    """A recorded body with one to three things replaced, removed or added."""
    holder = [copy.deepcopy(draw(st.sampled_from(bodies_of(operation))))]
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(list(spots(holder))))
        match draw(st.sampled_from(["replace", "replace", "remove", "add"])):
            case "remove" if container is not holder:
                del container[key]
            case "add" if isinstance(container, dict):
                container[draw(st.sampled_from(KEYS))] = draw(odd)
            case _:
                container[key] = draw(odd)
    return holder[0]


def encoded(data: Any) -> bytes:
    """JSON as a server sends it, `NaN` and half characters among it."""
    return json.dumps(data).encode()


BYTES = [
    *(b"", b" ", b"null", b"true", b"0", b'""', b"[]", b"{}", b"[[]]", b'"https://a/masks.zip"', b'"plain words"'),
    *(
        b"<html><body>Bad Gateway</body></html>",
        b"\xff\xfe\x00",
        b"\x00" * 50,
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
    ),
    *(b"PK\x03\x04", b"PK\x03\x04" + bytes(range(256)), b"PK\x05\x06" + bytes(18), b"\x89PNG\r\n\x1a\n", b"8BPS"),
    *(b"a=1&b=2&id=5&visual_id=", b"id=%FF%FE", b"&&==&", b"result=%5B%5D;id=1", b"1" * 5000, b"1e999", b'{"id": 1'),
    *(nested(500), nested(100_000), nested(500, "{}"), nested(100_000, "{}"), b'{"id": ' + b"9" * 6000 + b"}"),
]


def bodies(operation: str) -> st.SearchStrategy[bytes]:
    """Bytes that a server might answer this operation with."""
    whole = changed(operation).map(encoded)
    cut = st.builds(lambda body, share: body[: len(body) * share // 100], whole, st.integers(1, 99))
    other = st.builds(lambda data, kind: json.dumps(data).encode(kind, "replace"), free_json, CODECS)
    return st.one_of(whole, whole, cut, other, st.sampled_from(BYTES), st.binary(max_size=60))


CODECS = st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1", "utf-8-sig"])
STATUSES = st.one_of(
    st.sampled_from([200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 226]),
    st.sampled_from([301, 304, 400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 451, 460, 500, 502, 506, 512]),
    st.integers(100, 599),
)
TYPES = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/zip",
    "text/html",
    "",
    "??",
    "a; charset=q",
]
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(TYPES),
        "Retry-After": st.sampled_from(["", "-1", "1e3", "nan", "9" * 400, "soon", "Thu, 99 Jan 2026 00:00:00 GMT"]),
    },
)


def outcome(found: Reply, call: Call) -> Any:
    """The value that a reply stands for, or the error; anything else that is raised fails the test."""
    try:
        return found.value(call) if found.ok else found.refuse(call, 0.0)
    except BriaError as error:
        return error


def check_error(error: BriaError) -> None:
    """An error says something, in bounds."""
    assert str(error).strip()
    assert len(str(error)) < LONGEST, f"an error of {len(str(error))} characters"
    assert len(repr(error)) < 2 * LONGEST, f"an error whose repr has {len(repr(error))} characters"


def check_value(value: Any) -> None:
    """All that a value offers can be looked at, or is refused with an error of this library."""
    for item in value if isinstance(value, tuple) else (value,):
        assert repr(item)
        if isinstance(item, Value):
            assert isinstance(item.extra, dict)
            assert item.raw is not None
            for name, _ in inspect.getmembers(type(item), lambda member: isinstance(member, property)):
                with contextlib.suppress(BriaError):
                    getattr(item, name)


def check(found: Reply, call: Call) -> None:
    """A reply is a value that can be used and kept, or an error of this library."""
    result = outcome(found, call)
    if isinstance(result, BriaError):
        check_error(result)
        return
    if result is None:
        return
    check_value(result)
    kept = unstructure(result)
    assert repr(structure(kept, call.endpoint.answer)) == repr(result), "it reads otherwise when it comes back"


@pytest.mark.fault("N10")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_comes_is_a_value_or_an_error_of_ours(operation: str) -> None:
    """Any status, any headers, any body: for every operation."""
    call = Call(endpoint(operation), "/")

    @seed(zlib.crc32(operation.encode()))
    @steadily
    @given(STATUSES, HEADERS, bodies(operation))
    def attempt(status: int, headers: dict[str, str], body: bytes) -> None:
        note(f"{status} {headers} {body[:1000]!r}")
        check(Reply(status, headers, body), call)

    attempt()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_an_answer_only_where_nothing_is_declared(operation: str) -> None:
    """A 204 to a request for something is a value without anything in it, or an error; never a None."""
    declared = endpoint(operation)
    found = outcome(Reply(204), Call(declared, "/"))
    assert (found is None) is (declared.answer is type(None)), f"{operation} answered {found!r}"


@pytest.mark.exhaustive
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_odd_thing_in_every_place_is_survived(operation: str) -> None:
    """A success in which one place after the other holds what nobody expects, or nothing."""
    call = Call(endpoint(operation), "/")
    odd_things = itertools.cycle(ODD)
    for body in bodies_of(operation):
        for number in range(len(list(spots([body])))):
            for value in itertools.islice(odd_things, 4):
                holder = [copy.deepcopy(body)]
                container, key = list(spots(holder))[number]
                container[key] = copy.deepcopy(value)
                check(Reply(200, {}, encoded(holder[0])), call)


@pytest.mark.fault("N10")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_odd_field_costs_only_itself(operation: str) -> None:
    """Beyond an id no field is worth an answer that was paid for: what cannot be read of it is left out."""
    declared = endpoint(operation)
    if not (isinstance(declared.answer, type) and issubclass(declared.answer, Value)):
        assert declared.answer in (type(None), Any) or get_origin(declared.answer) in (tuple, dict)
        return
    optional = [field.name for field in attrs.fields(declared.answer) if field.default is not attrs.NOTHING]
    for body in bodies_of(operation):
        for name, value in itertools.product(set(optional) & set(body), ODD):
            found = outcome(Reply(200, {}, encoded({**body, name: value})), Call(declared, "/"))
            assert isinstance(found, declared.answer), f"{name}={value!r:.80} gave {found!r:.200}"


DEPTHS = [*range(10, 200, 30), *range(sys.getrecursionlimit() - 150, sys.getrecursionlimit() + 20)]


@pytest.mark.parametrize("kind", ["[]", "{}"])
@pytest.mark.parametrize("frame", [b"%s", b'{"error": %s}', b'{"errors": [%s]}', b'{"message": %s, "error_code": %s}'])
def test_no_depth_of_an_error_body_is_too_deep(frame: bytes, kind: str) -> None:
    """Also where the text can still be parsed, but hardly anything else be done with it."""
    call = Call(endpoint("models.create"), "/")
    for depth in DEPTHS:
        body = frame.replace(b"%s", nested(depth, kind))
        assert isinstance(read_error(body).message, str)
        check(Reply(400, {}, body), call)


@pytest.mark.fault("N20")
@pytest.mark.parametrize("operation", ["models.get", "datasets.list", "tailored.text_to_image", "jobs.status"])
@pytest.mark.parametrize("frame", [b"%s", b'{"id": 1, "result": %s}', b'{"id": 1, "status": %s}', b'[{"id": %s}]'])
def test_no_depth_of_an_answer_is_too_deep(frame: bytes, operation: str) -> None:
    """A value or an error, at every depth around the limit."""
    call = Call(endpoint(operation), "/")
    for depth in DEPTHS:
        found = outcome(Reply(200, {}, frame.replace(b"%s", nested(depth))), call)
        assert not isinstance(found, BriaError) or str(found)


LONG = "x" * 100_000
ENDLESS: list[Any] = [
    LONG,
    [LONG],
    *({name: LONG} for name in ("error", "message", "description", "detail", "status", "error_code", "request_id")),
    {"error": {"message": LONG, "details": LONG, "code": LONG}},
    {"errors": [{"msg": "no", "field_name": "a", "field_input": LONG}] * 10},
    {"errors": ["no"] * 100_000},
    {"id": [LONG]},
    {LONG: 1},
]


@pytest.mark.parametrize("body", ENDLESS, ids=range(len(ENDLESS)))
def test_no_answer_makes_an_endless_error(body: Any) -> None:
    """Messages, codes and ids are cut like the body itself: they go to logs and terminals."""
    for status in (200, 205, 302, 400, 429, 500):
        check(Reply(status, {}, encoded(body)), Call(endpoint("models.create"), "/"))


SOCKETED = ["models.get", "tailored.text_to_image", "visuals.info", "visuals.generate_masks", "editing.erase"]
ANSWERS = [
    (200, {"Content-Encoding": "gzip"}, b"this is no gzip"),
    (200, {"Content-Encoding": "deflate"}, b"\x00\x01"),
    (200, {"Content-Type": "application/json; charset=nonsense"}, b'{"id": 1}'),
    (200, {"Content-Type": "\xe4\xf6;;;==;"}, b'{"id": 1}'),
    (200, {"Content-Type": "application/x-www-form-urlencoded"}, b"id=%FF%FE&&&="),
    (200, {"Content-Type": "application/zip"}, b"PK\x03\x04 and no more"),
    (200, {"Set-Cookie": "a=b; Domain=..; Expires=never"}, b"{}"),
    (302, {"Location": "http://[broken"}, b""),
    (429, {"Retry-After": "nan"}, b"[[["),
    *((status, {}, b"") for status in (200, 204, 205, 206, 208, 209, 300, 304, 400, 451, 460, 506, 512, 599)),
    *((status, {}, body) for status in (200, 206, 404, 500) for body in (b"\xff", b"null", b'"x"', nested(3000))),
]


def answer(status: int, headers: dict[str, str], body: bytes, _: Request) -> web.Response:
    """The same to every request."""
    return web.Response(status=status, headers=headers, body=body)


@pytest.mark.fault("N10")
@pytest.mark.parametrize("operation", SOCKETED)
async def test_over_a_socket_too(operation: str, server: Recorder) -> None:
    """The same through all layers: encodings, types, redirects and statuses that nobody documented."""
    once = RetryPolicy(attempts=1, patience=0)
    values = samples(operation, required_only=True)
    async with Session(TOKEN, server.base_url, retry=once) as bria:
        for status, headers, body in ANSWERS:
            server.answer = functools.partial(answer, status, headers, body)
            try:
                check_value(await perform(bria, operation, values))
            except BriaError as error:
                check_error(error)
    assert len(server.requests) == len(ANSWERS)
