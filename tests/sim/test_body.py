"""Bodies from strangers: whatever comes, an answer that says what is wrong."""

import gzip
import io
import tracemalloc
import zlib

import pytest

from bria_async.sim.parsing import parsed
from tests.sim.helpers import TOKEN, V1, Api, running

PROJECTS = f"{V1}/projects"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
VALID = b'{"project_name": "p", "ip_type": "icons", "ip_medium": "illustration"}'
PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n%\r\n'
DEEP = b"[" * 63 + b"]" * 63


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"\xff"),
        ("application/json", b'{"project_name": "\\ud800"}'),
        ("application/json", b'{"project_name": "\xed\xa0\x80"}'),
        ("application/json", b'{"project_name": NaN}'),
        ("application/json", b'{"more": 1e999}'),
        ("application/json", b'{"more": -1e999}'),
        ("application/json", b'{"a": ' + b"9" * 5000 + b"}"),
        ("application/json", b'{"a": ' + b"[" * 100_000 + b"}"),
        ("application/json", b'{"a": ' + b"[" * 80 + b"]" * 80 + b"}"),
        ("application/json", b"[]"),
        ("application/json", b'{"a": [' + b"0," * 100_001 + b"0]}"),
        ("application/json", b'{"a": "\\ud83d", "\\ude00": 1}'),
        (FORM, b"\xff=\xff&%ff=%"),
        (FORM, b"project_name=p&ip_type=icons&ip_medium=photography" + b"&a=b" * 100),
        (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 101 + b"--b--\r\n"),
        (f"{FORM}; charset=nonsense", b"a=b"),
        ("multipart/form-data", b""),
        (MULTIPART, b""),
        (MULTIPART, b"--b\r\n[]--b--\r\n"),
        (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="\x1f"\r\n\r\nx\r\n--b--\r\n'),
        (MULTIPART, b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut off'),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_400(api: Api, kind: str, body: bytes) -> None:
    """Broken, too deep, not Unicode, no numbers: refused, and nothing is made."""
    await api.call("POST", PROJECTS, 400, data=body, headers={"Content-Type": kind, "api_token": TOKEN})
    assert not api.sim.world.projects


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Encoding": "gzip"}, gzip.compress(VALID)),
        ({"Content-Encoding": "deflate"}, zlib.compress(VALID)),
        ({"Content-Type": FORM}, b"project_name=" + b"p" * (1 << 16)),
        ({"Content-Type": MULTIPART}, PART.replace(b"%", b"p" * (1 << 19)) * 3 + b"--b--\r\n"),
    ],
    ids=["gzip", "deflate", "form", "multipart"],
)
async def test_a_body_that_could_grow_is_a_413(api: Api, headers: dict[str, str], body: bytes) -> None:
    """Compressed bodies, though valid, and large forms are refused, all the texts of a multipart body together."""
    await api.call("POST", PROJECTS, 413, data=io.BytesIO(body), headers=headers)
    assert not api.sim.world.projects


async def test_json_above_its_limit_is_a_413(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is longer than the limit is not read to its end."""
    monkeypatch.setattr("bria_async.sim.body.MAX_JSON", len(VALID) - 1)
    answer = await api.call("POST", PROJECTS, 413, data=VALID)
    assert str(len(VALID) - 1) in answer["error"]


@pytest.mark.parametrize(
    ("sign", "width"),
    [("\u00e9", 1), ("\u6728", 2), ("\U0001f600", 4), (r"\u002B", 1), (r"\u6728", 2), (r"\ud83d\ude00", 4)],
)
@pytest.mark.parametrize("more", [-200, 200])
async def test_json_is_measured_as_it_lies_in_memory(
    api: Api, monkeypatch: pytest.MonkeyPatch, sign: str, width: int, more: int
) -> None:
    """One wide character makes every other as wide, however it is written: such a body may be as much smaller."""
    monkeypatch.setattr("bria_async.sim.body.MAX_JSON", 8000)
    wide = VALID.replace(b"{", b'{"more": "' + sign.encode() + b"x" * (8000 // width - len(VALID) + more) + b'", ')
    await api.call("POST", PROJECTS, 201 if more < 0 else 413, data=wide)


@pytest.mark.parametrize(("text", "status"), [("x", 201), ("\u00e9", 413)])
async def test_only_base64_is_longer_than_a_mebibyte(text: str, status: int) -> None:
    """What is kept and told again is bounded: twice the largest image in ASCII, a mebibyte of anything else."""
    async with running(max_bytes=1 << 20) as api:
        for length, expected in ((1 << 20, status), ((2 << 20) - 1, status), (2 << 20, 413)):
            large = VALID.replace(b"{", b'{"more": ["' + text.encode() + b"x" * length + b'"], ')
            answer = await api.call("POST", PROJECTS, expected, data=io.BytesIO(large))
            assert expected == 201 or "a string has at most" in answer["error"]


LONG = b"A" * (2 << 20)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([LONG, LONG, LONG, LONG[:2_000_000]], id="base64"),
        pytest.param(["\U0001f600".encode(), LONG[:1_900_000]], id="one emoji"),
        pytest.param([LONG[:1_000_000] + rb"\ud83d\ude00", LONG[:900_000]], id="escaped emoji"),
        pytest.param(["\U0001f600".encode() * 250_000] * 2, id="emoji"),
        pytest.param(["\u6728".encode() * 330_000, LONG], id="two bytes each"),
        pytest.param([rb"\/" * 1_000_000, rb"\u0001" * 340_000], id="escapes"),
    ],
)
async def test_a_body_is_held_twice_at_most(monkeypatch: pytest.MonkeyPatch, texts: list[bytes]) -> None:
    """While the largest bodies are read, their limit lies in memory twice: the text, and what it says."""
    monkeypatch.setattr("bria_async.sim.body.MAX_JSON", 8 << 20)
    body = io.BytesIO(VALID[:-1] + b', "more": ["' + b'", "'.join(texts) + b'"]}')
    async with running(max_bytes=1 << 20) as api:
        tracemalloc.start()
        try:
            await api.call("POST", PROJECTS, 201, data=body)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 2.25 * (8 << 20), f"{peak:,} bytes at once"


async def test_large_json_is_read_like_any_other(api: Api) -> None:
    """Megabytes of one text are fine, encoding identity too."""
    large = VALID.replace(b"{", b'{"more": "' + b"x" * (2 << 20) + b'", ')
    await api.call("POST", PROJECTS, 201, data=io.BytesIO(large), headers={"Content-Encoding": "identity"})


@pytest.mark.parametrize("given", ["+{}", " {}", "{}_", "0_{}", "-{}", "{}.0"])
async def test_ids_in_paths_are_plain_digits(api: Api, given: str) -> None:
    """Other ways to write a number name nothing."""
    project = await api.project()
    await api.call("GET", f"{PROJECTS}/{project['id']}")
    await api.call("GET", f"{PROJECTS}/{given.format(project['id'])}", 404)


async def test_paths_may_hold_any_number(api: Api) -> None:
    """Five thousand digits name nothing, wherever a number stands."""
    digits = "9" * 5000
    model = await api.trained("light")
    for method, path in (
        ("GET", f"{V1}/models/{digits}"),
        ("GET", f"{V1}/models/{model['id']}/checkpoints/{digits}"),
        ("POST", f"/v1/text-to-image/tailored/{digits}"),
        ("GET", f"/_sim/images/{digits}"),
        ("GET", f"/_sim/thumbnails/{digits}"),
    ):
        await api.call(method, path, 404, json={"prompt": "x"} if method == "POST" else None)


async def test_what_no_handler_answers_has_the_shape_of_its_generation(api: Api) -> None:
    """A wrong method is a 405: an object in v1, the envelope in v2."""
    assert (await api.call("DELETE", PROJECTS, 405)).keys() == {"error"}
    assert (await api.call("DELETE", "/v2/image/edit", 405)).keys() == {"error", "request_id"}
    for path in ("/v2", "/v2/", "/v2/nowhere", "/v2/status/a/b"):
        assert (await api.call("GET", path, 404)).keys() == {"error", "request_id"}
    for path in ("/", "/v20", "/v1/nowhere", "/_sim/nowhere"):
        assert (await api.call("GET", path, 404)).keys() == {"error"}


async def test_a_body_that_is_too_large_has_the_shape_of_its_generation(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object in v1, the envelope in v2."""
    monkeypatch.setattr("bria_async.sim.body.MAX_JSON", 10)
    assert (await api.call("POST", PROJECTS, 413, data=VALID)).keys() == {"error"}
    answer = await api.call("POST", "/v2/image/edit", 413, data=VALID)
    assert answer.keys() == {"error", "request_id"}
    assert answer["error"]["code"] == 413


def test_json_is_taken_up_to_its_bounds() -> None:
    """Sixty-three levels and pairs of surrogates are fine."""
    assert parsed(DEEP)
    assert parsed(b'"\\ud83d\\ude00"') == "\U0001f600"
