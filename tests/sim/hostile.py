"""Values that no generator thinks of, files that requests name, and bodies that are no body."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.sim.helpers import base64_of, flat, picture
from tests.sim.scenery import still_life

Json = dict[str, Any]


def _archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for number in range(3):
            file.writestr(f"{number}.png", picture(number, (1024, 1024)))
    return buffer.getvalue()


_PNG = picture(1)
PICTURES = [
    base64_of(data)
    for data in (
        _PNG,
        picture(2, (640, 480), "JPEG"),
        picture(3, (300, 300), mode="RGBA"),
        picture(4, (256, 256), mode="P"),
        picture(5, (64, 4000), mode="L"),
        flat((255, 255, 255)),
        flat((0, 0, 0), (1, 1)),
        still_life(),
        _PNG[:200],
        b"GIF89a" + bytes(20),
    )
]
FILES = {
    "picture.png": still_life(),
    "mask.png": flat((255, 255, 255)),
    "clip.mp4": b"\0\0\0\x18ftypmp42" + bytes(64),
    "images.zip": _archive(),
    "weights.safetensors": bytes(8),
}
_DEEP, _LINE = 500, 6000
NAMED: dict[str, list[Any]] = {
    "model_version": ["2.3", "2.2", "2.1"],
    "media_type": ["video/mp4", "image/png"],
    "is_private": ["true", "false"],
    "embeddings_base64": [["AAAA"]],
    "stills_embedding_base64": ["AAAA"],
    "motion_embedding_base64": ["AAAA"],
    "color": ["#FF0000", "grayscale", "sepia"],
    "background_color": ["#FF0000", "#FFFFFF", "transparent", "Black"],
    "num_results": [1, 2],
    "coordinates": [[10, 20, 100, 50], {"x": 1, "y": 2, "width": 30, "height": 40}],
    "visual_schema": ['{"style": "flat"}', "[]", '"\\ud800"', "no JSON"],
    "structured_prompt": ['{"style": "flat"}', "[]", '"\\ud800"', "no JSON"],
}
"""What the documents say about values of these names where a schema does not, or about their texts."""
WEIRD: list[Any] = [
    *(None, True, -1, 0, 2**63, 10**400, 10**4299, -(10**4299), 1e308, float("nan"), float("inf"), -0.0),
    *("", " ", "\0", "\ud800", "é", "\u202e﷽", "null", "NaN", "1e999", "9" * 5000, "-" + "9" * 5000, "x" * 100_000),
    *("#GG", "#", "1:0", "0:1", "16:9:4", "http://", "http://[", "https://a:b/", "file:///etc/passwd", "%s%n", "../.."),
    *(
        "data:image/png;base64,",
        "data:;base64,é",
        "=",
        "[" * 100_000,
        '{"a":' * 2000,
        '"\\ud800"',
        "[]",
        '{"a": 1e999}',
    ),
    *([], {}, [None], [[]], [{}], ["\ud800"], ["é"] * 20, [1] * 2000, {"": None}, {"\ud800": "\ud800"}),
    *(json.loads("[" * _DEEP + "]" * _DEEP), json.loads('{"a":' * _DEEP + "1" + "}" * _DEEP)),
]


def text(value: Any) -> str:
    """A value as queries, paths and forms carry it."""
    found = value if isinstance(value, str) else json.dumps(value)
    return found.encode(errors="replace").decode()[:_LINE]


def _json(body: Json) -> tuple[str, bytes]:
    return "application/json", json.dumps(body).encode()


def _form(body: Json) -> tuple[str, bytes]:
    return "application/x-www-form-urlencoded", urlencode({name: text(each) for name, each in body.items()}).encode()


def _multipart(body: Json, about: str = "", boundary: str = "b") -> tuple[str, bytes]:
    parts = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{_filename(name)}\r\n{about}\r\n'.encode(
            errors="replace"
        )
        + (_PNG if _filename(name) else text(each).encode())
        + b"\r\n"
        for name, each in body.items()
    )
    return f"multipart/form-data; boundary={boundary}", parts + f"--{boundary}--\r\n".encode()


def _filename(name: str) -> str:
    return '; filename="\u00e9.png"' if "file" in name else ""


ENCODERS: list[Callable[[Json], tuple[str, bytes]]] = [
    *[_json] * 12,
    *[_multipart] * 4,
    _form,
    lambda body: ("text/plain", _json(body)[1]),
    lambda body: ("nonsense", _json(body)[1]),
    lambda body: ("application/json", _json(body)[1][:-2]),
    lambda body: ("application/json; charset=nonsense", json.dumps(body).encode("utf-16")),
    lambda body: ("application/json", b"\xff\xfe\xff" + _json(body)[1]),
    lambda body: ("application/json", json.dumps([body]).encode()),
    lambda body: (_form(body)[0] + "; charset=nonsense", _form(body)[1]),
    lambda body: (_form(body)[0], b"\xff=\xff&%ff=%zz&=&" + _form(body)[1]),
    lambda body: ("multipart/form-data", _multipart(body)[1]),
    lambda body: ("multipart/form-data; boundary=other", _multipart(body)[1]),
    lambda body: (_multipart(body)[0], _multipart(body)[1][:-9]),
    lambda body: _multipart(body, "Content-Transfer-Encoding: nonsense\r\n"),
    lambda body: _multipart(body, "Content-Transfer-Encoding: base64\r\n"),
    lambda body: _multipart(body, "Content-Encoding: gzip\r\n"),
    lambda body: _multipart(body, "Content-Type: multipart/mixed; boundary=c\r\n"),
    lambda body: _multipart(body, "Content-Type: text/plain; charset=nonsense\r\n"),
    lambda body: _multipart(body, "nonsense\r\n"),
]
