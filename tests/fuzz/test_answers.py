"""Whatever a server answers, a call ends in its typed value or in an error of this library."""

import contextlib
import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.errors import RequestError
from bria_async.session import FAMILIES
from bria_async.wire import Call, Endpoint
from bria_async.wire.convert import structure, unstructure
from bria_async.wire.redaction import SHOWN, excerpt, shown
from bria_async.wire.reply import Reply, read_error
from bria_async.wire.retry import LONGEST_PAUSE, retry_after
from tests.fuzz.bounds import bounded, texts, values

pytestmark = pytest.mark.exhaustive

ENDPOINTS: list[Endpoint] = [endpoint for family in FAMILIES.values() for endpoint in family.endpoints.values()]
CALLS = st.sampled_from([Call(endpoint, endpoint.path) for endpoint in ENDPOINTS])


def names_of(kind: Any) -> set[str]:
    """The fields of a class of answers, so that some of what is generated means something."""
    return {field.name for field in attrs.fields(kind)} if attrs.has(kind) else set()


NAMES = sorted(
    {name for endpoint in ENDPOINTS for name in names_of(endpoint.answer)}
    | {"error", "errors", "message", "details", "code", "msg", "field_name", "field_input", "result", "urls", "id"}
)
fields = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)
answers = values | fields | fields.map(lambda data: {"result": data, "request_id": "1"}) | st.lists(fields, max_size=3)
jsons = answers.map(lambda value: json.dumps(value).encode())
bodies = (
    jsons
    | st.binary(max_size=100)
    | st.tuples(jsons, st.integers(0, 200), st.binary(max_size=3)).map(lambda cut: cut[0][: cut[1]] + cut[2])
    | jsons.map(lambda body: body.decode().encode("utf-16"))
    | st.integers(60, 100_000).map(lambda deep: b"[" * deep)
    | st.integers(60, 900).map(lambda deep: b'{"id":' * deep + b"1" + b"}" * deep)
    | st.binary(max_size=50).map(lambda rest: b"PK\x03\x04" + rest)
)
types = st.sampled_from(["application/json", "text/html", "application/x-www-form-urlencoded; charset=x", "", "\xff"])


@bounded(600)
@given(call=CALLS, status=st.integers(200, 599), kind=types, body=bodies, wait=texts)
def test_an_answer_is_a_value_or_an_error(call: Call, status: int, kind: str, body: bytes, wait: str) -> None:
    """And what is a value can be kept: as JSON it is read back to the same."""
    reply = Reply(status, {"Content-Type": kind, "Retry-After": wait}, body)
    try:
        value = reply.value(call) if reply.ok else reply.refuse(call, 0.0)
    except RequestError as error:
        told = str(error)
    else:
        told = ""
        kept = json.loads(json.dumps(unstructure(value), default=repr))
        if b"PK\x03\x04" not in body:
            assert repr(structure(kept, call.endpoint.answer)) == repr(value)
    assert len(told) < 4 * SHOWN


@bounded(400)
@given(body=bodies)
def test_an_error_body_is_always_read(body: bytes) -> None:
    """The reader of error bodies takes anything, and what it tells is short."""
    found = read_error(body)
    assert all(text is None or len(text) <= SHOWN for text in (found.message, found.code, found.request_id))


dates = st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT"))
numbers = (
    st.floats().map(str) | st.integers().map(str) | st.text("0123456789\uff11\uff12\u0663-+.eE_ naif", max_size=20)
)


@bounded(600)
@given(header=texts | dates | numbers, now=st.floats(0, 4e9))
def test_a_pause_is_bounded_whatever_the_header(header: str, now: float) -> None:
    """Nothing, or a number from 0 to ten minutes: never nan, never below 0."""
    seconds = retry_after(header, now)
    assert seconds is None or 0 <= seconds <= LONGEST_PAUSE


SECRET = "s3cret-signature"


@bounded(400)
@given(before=texts, after=texts, mark=st.sampled_from("?#"))
def test_no_address_keeps_its_query(before: str, after: str, mark: str) -> None:
    """In any text, plain and in every spelling of JSON."""
    whole = f"{before}https://u:{SECRET}@h/p{mark}a={SECRET}&b={SECRET} {after}"
    short = f"{before}_http://h{mark}{SECRET}"
    for text in (whole, short):
        for spelled in (text, json.dumps({"m": text}), json.dumps([text]).replace("&", "\\u0026").replace("/", "\\/")):
            assert SECRET not in excerpt(spelled)
    assert SECRET not in shown(f"{before}{mark}{SECRET}")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.operation)
def test_every_operation_takes_any_answer(endpoint: Endpoint) -> None:
    """Each class of answers for itself, with its own fields filled with anything."""
    own = sorted(names_of(endpoint.answer)) or ["id"]

    @bounded(12)
    @given(data=st.dictionaries(st.sampled_from(own), values, max_size=len(own)), many=st.booleans())
    def reads(data: dict[str, Any], *, many: bool) -> None:
        reply = Reply(200, {}, json.dumps([data] if many else data).encode())
        with contextlib.suppress(RequestError):
            reply.value(Call(endpoint, endpoint.path))

    reads()
