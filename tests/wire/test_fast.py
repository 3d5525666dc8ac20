"""What makes reading fast, beside its plain twins: no value, no text and no error may differ."""

import contextlib
import copy
import json
import math
import pickle
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.errors import RequestError
from bria_async.session import FAMILIES
from bria_async.types.common import Value
from bria_async.types.images import CaptionSource, DatasetImage
from bria_async.types.models import ModelStatus
from bria_async.types.video import VideoUpload
from bria_async.wire import Call, Endpoint, fast, parsing
from bria_async.wire.convert import ConversionError, _reader, structure
from bria_async.wire.parsing import DEEPEST, parsed
from bria_async.wire.reply import Reply
from tests.fuzz.bounds import bounded, texts
from tests.support import HERE, endpoint, reply

ENDPOINTS: list[Endpoint] = [endpoint for family in FAMILIES.values() for endpoint in family.endpoints.values()]


def kinds(kind: type[Value] = Value) -> Iterator[type[Value]]:
    """All classes of answers that are declared."""
    for below in kind.__subclasses__():
        if "__attrs_attrs__" in vars(below):
            yield below
            yield from kinds(below)


KINDS = sorted(kinds(), key=lambda kind: kind.__name__)

# --- JSON ------------------------------------------------------------------------------------------------------------

ODD = [
    *("NaN", "Infinity", "-Infinity", "-0", "-0.0", "1.0", "1E+2", "1e5", "1e400", "1e-400", "5e-324", "00", "01"),
    *("9007199254740993", "18446744073709551615", "18446744073709551616", "-9223372036854775809", "9" * 400),
    *("9" * 4301, "123456789012345678901234567890.5", "2.2250738585072011e-308", "1.", ".5", "1e", "--1", "+1", "0x1"),
    *(
        '"\\u0041"',
        '"\\ud83d\\ude00"',
        '"\\ud83d"',
        '"\\ude00x"',
        '"\\ud83d\\u0041"',
        '"\\u0000"',
        '"\\u00g1"',
        '"\\x"',
    ),
    *('"\\/\\b\\f\\n\\r\\t\\""', '"\x00"', '"\t"', '"\x7f"', '"\u2028"', '"é😀"', "'a'", "nul", "tru", "//", "\ufeff"),
    *(
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        "\\",
        " ",
        "\xa0",
        "\x0b",
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
        "[1,]",
        "{,}",
    ),
    *("[[[[[[1]]]]]]", "[[[[[[[1]]]]]]]", '{"a":[{"a":[{"a":{}}]}]}', '{"a":[{"a":[{"a":[{}]}]}]}'),
]
BYTES = [b"\xff", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\x00"]
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?", fullmatch=True)
plain = st.none() | st.booleans() | st.integers() | st.floats() | texts
tokens = (
    st.sampled_from(ODD)
    | numbers
    | plain.map(json.dumps)
    | texts.map(lambda text: json.dumps(text, ensure_ascii=False))
)
keys = st.sampled_from(['"a"', '"b"', '"\\u0061"', '""', '"\\ud800"', '"é"', "1"])
documents = st.recursive(
    tokens,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(keys, inner), max_size=4).map(
            lambda items: f"{{{','.join(f'{key} :{value}' for key, value in items)}}}"
        )
    ),
    max_leaves=12,
).map(lambda text: text.encode("utf-8", "surrogatepass"))
spliced = st.tuples(
    documents, st.integers(0, 60), st.integers(0, 2), st.sampled_from(BYTES) | st.binary(max_size=2)
).map(lambda cut: cut[0][: cut[1]] + cut[3] + cut[0][cut[1] + cut[2] :])


def exact(value: Any) -> Any:
    """A value with the type and the order of all that is in it: 1, 1.0 and True are three values."""
    if isinstance(value, dict):
        return [(key, exact(inner)) for key, inner in value.items()]
    return [exact(inner) for inner in value] if isinstance(value, list) else (type(value), repr(value))


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    fast.decoder.cache_clear()
    yield
    fast.decoder.cache_clear()


@bounded(1000)
@given(text=documents | spliced)
def test_msgspec_reads_what_json_loads_reads_or_nothing(text: bytes) -> None:
    """Value for value and type for type; what it refuses may be JSON, what it takes is."""
    pytest.importorskip("msgspec")
    decode = fast.decoder()
    assert decode
    try:
        found = decode(text)
    except Exception:  # noqa: BLE001  # as the reader of answers does
        return
    assert exact(found) == exact(json.loads(text.decode()))


@pytest.mark.parametrize("text", [text.encode("utf-8", "surrogatepass") for text in ODD] + BYTES)
@pytest.mark.parametrize("around", [b"%s", b"[%s]", b'{"a": %s}', b"[1, %s, 2]", b'["%s"]', b"\xef\xbb\xbf%s"])
def test_odd_json_is_read_alike(text: bytes, around: bytes) -> None:
    """With msgspec and without it: the same values, or the same words for what is wrong."""
    text = around.replace(b"%s", text)
    with without_msgspec():
        expected = outcome(lambda: exact(parsed(text)))
    assert outcome(lambda: exact(parsed(text))) == expected


def nested(levels: int) -> bytes:
    """JSON of so many levels, in turns arrays and objects."""
    text = b"1"
    for level in range(levels):
        text = b"[%b]" % text if level % 2 else b'{"a":%b}' % text
    return text


@pytest.mark.parametrize("levels", [0, 1, fast.LEVELS, fast.LEVELS + 1, DEEPEST, DEEPEST + 1, 20_000])
def test_bytes_are_read_down_to_the_same_depth(levels: int) -> None:
    """Whoever reads them; beyond it they are refused, with the same words."""
    for text in (nested(levels), b"[%b,%b]" % (b"{}," * 100 + b"{}", nested(levels - 1) if levels else b"1")):
        with contextlib.nullcontext() if levels <= DEEPEST else pytest.raises(ValueError, match="nested more than 64"):
            assert parsed(text) == json.loads(text)
        with without_msgspec():
            expected = outcome(lambda text=text: exact(parsed(text)))
        assert outcome(lambda text=text: exact(parsed(text))) == expected


@pytest.mark.parametrize(
    ("text", "values"),
    [("[0,0,0,0,0,0,0,0,0,0]", 10), ("[0,0,0,0,0,0,0,0,0,0,0]", 11), ('{"a":[[],[],[],[]]}', 9), ("[" * 11, 11)],
)
def test_the_bound_on_values_is_exact(text: str, values: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets and commas are counted: at the bound it is read, one below it is not."""
    for raw in (text, text.encode()):
        monkeypatch.setattr(parsing, "MOST_VALUES", values)
        assert "values" not in str(outcome(lambda raw=raw: parsed(raw)))
        monkeypatch.setattr(parsing, "MOST_VALUES", values - 1)
        assert "values" in str(outcome(lambda raw=raw: parsed(raw)))


def test_msgspec_is_used_where_it_is_and_not_missed_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default install has none."""
    decode = fast.decoder()
    assert (decode is not None) == (sys.modules.get("msgspec") is not None)
    if decode:
        assert decode(nested(fast.LEVELS)) == json.loads(nested(fast.LEVELS))
        with pytest.raises(Exception, match="Expected"):
            decode(nested(fast.LEVELS + 1))
    fast.decoder.cache_clear()
    monkeypatch.setitem(sys.modules, "msgspec", None)
    assert fast.decoder() is None
    assert parsed(b'{"a": 1}') == {"a": 1}
    monkeypatch.setattr(fast, "decoder", lambda: len)
    assert parsed(b'{"a": 1}') == 8


# --- answers ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def without_msgspec() -> Iterator[None]:
    """As the default install reads."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fast, "decoder", lambda: None)
        yield


def outcome(read: Any) -> Any:
    """What came out: a value, or an error with all its words."""
    try:
        return read()
    except (ValueError, RequestError, ConversionError) as error:
        return type(error), str(error)


def constructed(data: Any, kind: type[Value]) -> Value:
    """The plain twin: an answer read field by field, made by its constructor."""
    if not isinstance(data, dict):
        raise ConversionError(f"{kind.__name__} is read from an object, not from {type(data).__name__}")
    source = kind.prepare(data)
    for older, newer in kind.older_names.items():
        if older in source and newer not in source:
            source = {**source, newer: source[older]}
    values: dict[str, Any] = {}
    for field in attrs.fields(attrs.resolve_types(kind)):
        value = source.get(field.name)
        of = _reader(field.type)[1]
        if field.name == "raw":
            values["raw"] = data
        elif field.default is not attrs.NOTHING:
            with contextlib.suppress(Exception):
                if value is not None and (found := structure(value, of)) is not None:
                    values[field.name] = found
        elif value is None:
            raise ConversionError(f"{kind.__name__} lacks {field.name!r}")
        else:
            values[field.name] = structure(value, of)
    return kind(**values)


def whole(value: Any) -> Any:
    """A value with its class, what it shows, all its attributes, `raw` and `extra`, and those of the values inside."""
    if isinstance(value, tuple):
        return [whole(item) for item in value]
    if not isinstance(value, Value):
        return type(value), repr(value)
    inside = {field.name: whole(getattr(value, field.name)) for field in attrs.fields(type(value))}
    return type(value), repr(value), inside, exact(value.raw), exact(value.extra)


WORDS = ["12", "007", "4.5", "Completed", "Training In Progress", "reviewed", "2024-05-26T12:00:00Z", "https://a/b"]
MOMENTS = ["2025-08-20T09:51:58.080018", "2025-08-20", "20250820", "2025-08-20T09:51:58.1234567+02:00", "2025-13-01"]
NUMBERS = [0, 1, -1, 42.0, 42.5, 1e300, 2**63, 2**70, 10**400, 20250820, True, False]
odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, *WORDS, *MOMENTS, *NUMBERS, [], {}, [[]], [1, "2"], {"id": "7"}, [{"id": 1.5}, None]]
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_value_is_what_its_constructor_makes(kind: type[Value]) -> None:
    """Of each class, whatever its fields hold: the same value in all respects, or the same error."""
    names = sorted({field.name for field in attrs.fields(kind)} - {"raw"} | set(kind.older_names) | {"unknown"})

    @bounded(40)
    @given(data=st.dictionaries(st.sampled_from(names), odd, max_size=len(names)))
    def reads(data: dict[str, Any]) -> None:
        expected = outcome(lambda: whole(constructed(data, kind)))
        assert outcome(lambda: whole(structure(data, kind))) == expected

    reads()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_constructor_does_more_than_set_attributes(kind: type[Value]) -> None:
    """What is read goes around it: converters, validators and hooks of a class would never run."""
    hooks = ("__attrs_pre_init__", "__attrs_post_init__", "__attrs_init__")
    assert not [name for name in hooks if hasattr(kind, name)]
    assert not [field.name for field in attrs.fields(kind) if field.converter or field.validator]
    assert not [base for base in kind.__mro__ if "__dict__" in vars(base)]


def test_what_was_read_is_a_value_like_any_other() -> None:
    """Frozen, equal, hashed, copied, pickled and evolved as one that its constructor made."""
    data = {"id": "7", "caption_source": "Automatic", "file_name": "a.png", "sharpness": 3}
    read = structure(data, DatasetImage)
    made = DatasetImage(id=7, caption_source=CaptionSource.AUTOMATIC, image_name="a.png", raw=data)
    assert (type(read), read, hash(read), repr(read)) == (DatasetImage, made, hash(made), repr(made))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        read.id = 8
    for again in (copy.copy(read), copy.deepcopy(read), pickle.loads(pickle.dumps(read)), attrs.evolve(read)):  # noqa: S301  # our own
        assert whole(again) == whole(made)
    assert attrs.evolve(read, id=8) == attrs.evolve(made, id=8) != made


@pytest.mark.parametrize(("came", "read"), [("ready", ModelStatus.COMPLETED), ("Completed", ModelStatus.COMPLETED)])
def test_words_are_looked_up_or_made(came: str, read: ModelStatus) -> None:
    """Those that we write, those of other eras, and what is no text but can be one; what can be none is told."""
    assert structure(came, ModelStatus) is read
    assert [structure(odd, ModelStatus) for odd in (7, 4.5, "new")] == ["7", "4.5", "new"]
    assert {type(structure(odd, ModelStatus)) for odd in (7, "new")} == {ModelStatus}
    wrong: list[Any] = [[], {}, None, True]
    for each in wrong:
        with pytest.raises(ConversionError, match="not a text"):
            structure(each, ModelStatus)


def test_a_default_that_is_made_anew_is_not_shared() -> None:
    """Who changes the fields of one upload changes no other."""
    one, other = (structure({"upload_url": "https://a", "file_url": "https://b"}, VideoUpload) for _ in range(2))
    assert one.upload_fields == {} == other.upload_fields
    assert one.upload_fields is not other.upload_fields


NAMES = sorted(file.stem for file in (HERE / "replies").glob("*.json"))


def changed(data: Any, way: list[int], value: Any) -> Any:
    """The data with something else in one place, under its own name or another one."""
    if not way or not isinstance(data, dict | list) or not data:
        return value
    first, *rest = way
    if isinstance(data, list):
        place = first % len(data)
        return [*data[:place], changed(data[place], rest, value), *data[place + 1 :]]
    name = list(data)[first % len(data)]
    return {**data, name: changed(data[name], rest, value)}


@pytest.mark.parametrize("name", NAMES)
def test_recorded_replies_are_read_alike_with_and_without_msgspec(name: str) -> None:
    """As they came, with anything else in any place, and cut or damaged: equal in all respects, or the same error."""
    recorded = reply(name)
    call = Call(endpoint(".".join(name.split(".")[:2])), "/")

    @bounded(15)
    @given(
        way=st.lists(st.integers(0, 12), max_size=4),
        value=odd,
        cut=st.none()
        | st.tuples(st.integers(0, 300), st.integers(0, 2), st.sampled_from([*BYTES, b"NaN", b"1e400", b""])),
        escaped=st.booleans(),
    )
    def reads(way: list[int], value: Any, cut: tuple[int, int, bytes] | None, *, escaped: bool) -> None:
        body = json.dumps(changed(recorded["body"], way, value), ensure_ascii=escaped).encode()
        if cut:
            at, gone, there = cut
            body = body[:at] + there + body[at + gone :]
        answer = Reply(recorded["status"], {}, body)
        with without_msgspec():
            expected = outcome(lambda: whole(answer.value(call)))
        assert outcome(lambda: whole(answer.value(call))) == expected

    reads()


# --- bodies ----------------------------------------------------------------------------------------------------------

BODIES = st.dictionaries(
    st.text(max_size=8),
    st.text(max_size=8) | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.text()),
)


@given(body=BODIES, longest=st.integers(0, 9))
def test_a_body_is_written_as_the_encoder_of_json_writes_it(body: dict[str, Any], longest: int) -> None:
    """To the last byte, or left to it; never anything long."""
    found = fast.written(body, longest)
    if found is None:
        easy = all(type(item) in (str, int, float, bool) for item in body.values())
        assert not easy or any(
            len(item) > longest if isinstance(item, str) else item in (math.inf, -math.inf) or item != item  # noqa: PLR0124  # NaN
            for item in body.values()
        )
    else:
        assert found == json.dumps(body, allow_nan=False).encode()
        assert all(len(item) <= longest for item in body.values() if isinstance(item, str))
