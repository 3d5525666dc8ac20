"""Bodies from strangers: whatever comes, an answer that says what is wrong."""

import gzip
import io
import zlib

import pytest

from bria_async.sim.parsing import parsed
from tests.sim.helpers import TOKEN, V1, Api

PROJECTS = f"{V1}/projects"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
VALID = b'{"project_name": "p", "ip_type": "icons", "ip_medium": "illustration"}'
DEEP = b"[" * 63 + b"]" * 63


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"\xff"),
        ("application/json", b'{"project_name": "\\ud800"}'),
        ("application/json", b'{"project_name": "\xed\xa0\x80"}'),
        ("application/json", b'{"project_name": NaN}'),
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
        ({"Content-Type": FORM}, b"project_name=" + b"p" * (1 << 20)),
    ],
    ids=["gzip", "deflate", "form"],
)
async def test_a_body_that_could_grow_is_a_413(api: Api, headers: dict[str, str], body: bytes) -> None:
    """Compressed bodies, though valid, and large forms are refused."""
    await api.call("POST", PROJECTS, 413, data=io.BytesIO(body), headers=headers)
    assert not api.sim.world.projects


async def test_json_above_its_limit_is_a_413(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is longer than the limit is not read to its end."""
    monkeypatch.setattr("bria_async.sim.body.MAX_JSON", len(VALID) - 1)
    answer = await api.call("POST", PROJECTS, 413, data=VALID)
    assert str(len(VALID) - 1) in answer["error"]


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


def test_json_is_taken_up_to_its_bounds() -> None:
    """Sixty-three levels and pairs of surrogates are fine."""
    assert parsed(DEEP)
    assert parsed(b'"\\ud83d\\ude00"') == "\U0001f600"
