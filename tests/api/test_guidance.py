"""Guidance methods as values: what they stand for, and which do not go together."""

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from bria_async.api.guidance import Guidance
from bria_async.errors import ImageError, InvalidParameter
from bria_async.session import Session
from tests.support import TOKEN, Recorder, picture

WIDE, TALL = picture(64, 32), picture(32, 64)


def text(content: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(content).decode()


async def sent(server: Recorder, guidance: Any, **values: Any) -> dict[str, Any]:
    """What reaches the server beside `sync`."""
    server.answers({"result": []})
    async with Session(TOKEN, server.base_url) as bria:
        await bria.tailored.text_to_image(1, guidance=guidance, **values)
    body: dict[str, Any] = server.requests[-1].json
    del body["sync"]
    return body


@pytest.mark.parametrize("name", ["canny", "depth", "recoloring", "color_grid"])
@pytest.mark.parametrize("prefix", ["", "controlnet_"])
async def test_a_method_becomes_its_parameters(server: Recorder, name: Any, prefix: str) -> None:
    """Under the API's own name of the method, with or without the word before it; without a scale none is sent."""
    assert await sent(server, Guidance(prefix + name, WIDE)) == {
        "guidance_method_1": f"controlnet_{name}",
        "guidance_method_1_image_file": text(WIDE),
    }


async def test_two_methods_are_numbered(server: Recorder, tmp_path: Path) -> None:
    """In their order, each with its scale and its image, beside the other parameters; zero is a scale."""
    path = tmp_path / "a.png"
    path.write_bytes(WIDE)
    guidance = (Guidance("depth", path, scale=0), Guidance("canny", text(WIDE), scale=0.8))
    assert await sent(server, guidance, prompt="a vase") == {
        "prompt": "a vase",
        "guidance_method_1": "controlnet_depth",
        "guidance_method_1_scale": 0,
        "guidance_method_1_image_file": text(WIDE),
        "guidance_method_2": "controlnet_canny",
        "guidance_method_2_scale": 0.8,
        "guidance_method_2_image_file": text(WIDE),
    }


@pytest.mark.parametrize("guidance", [None, [], ()])
async def test_no_method_is_nothing(server: Recorder, guidance: Any) -> None:
    """An empty list is like none at all."""
    assert await sent(server, guidance) == {}


def spellings(content: bytes, folder: Path) -> dict[str, Any]:
    """One image in every way to give it."""
    path = folder / f"{zlib.crc32(content)}.png"
    path.write_bytes(content)
    return {
        "path": path,
        "bytes": content,
        "base64": text(content),
        "lines": base64.encodebytes(content).decode(),
        "header": f"data:image/png;base64,{text(content)}",
    }


@pytest.mark.parametrize("first", ["path", "bytes", "base64"])
@pytest.mark.parametrize("second", ["path", "bytes", "base64", "lines", "header"])
async def test_aspect_ratios_are_compared(server: Recorder, tmp_path: Path, first: str, second: str) -> None:
    """However the images are given: one shape is sent, two are refused with the sides of both."""
    wide, tall = spellings(WIDE, tmp_path), spellings(TALL, tmp_path)
    one = await sent(server, [Guidance("canny", wide[first]), Guidance("depth", wide[second])])
    assert base64.b64decode(one["guidance_method_2_image_file"]) == WIDE
    with pytest.raises(InvalidParameter, match="must have one aspect ratio, got 64 x 32 and 32 x 64 pixels") as caught:
        await sent(server, [Guidance("canny", wide[first]), Guidance("depth", tall[second])])
    assert caught.value.operation == "tailored.text_to_image"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("width", "height", "one"), [(1000, 1000, True), (500, 500, True), (501, 500, True), (1000, 985, False)]
)
async def test_whole_pixels_may_differ_a_little(server: Recorder, width: int, height: int, one: bool) -> None:
    """An image that was made smaller has nearly the same shape; the larger ratio may come first or second."""
    images = [Guidance("canny", picture(1000, 1000)), Guidance("depth", picture(width, height))]
    for pair in (images, images[::-1]):
        if one:
            assert await sent(server, pair)
        else:
            with pytest.raises(InvalidParameter, match="one aspect ratio"):
                await sent(server, pair)


async def test_a_picture_of_any_size_has_a_shape(server: Recorder) -> None:
    """Only the header is read: nothing is decoded, and no guard of the program around it is tripped."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    checksum = struct.pack(">I", zlib.crc32(b"IHDR" + header))
    huge = picture(8, 8)[:16] + header + checksum + picture(8, 8)[33:]
    assert await sent(server, [Guidance("canny", huge), Guidance("depth", picture(8, 8))])


@pytest.mark.parametrize(
    ("guidance", "values", "words"),
    [
        ({"method": "canny", "image": WIDE}, {}, "guidance takes Guidance(method, image), got dict"),
        ([Guidance("canny", WIDE), {"method": "depth"}], {}, "guidance takes Guidance(method, image), got dict"),
        (("canny", WIDE), {}, "guidance takes Guidance(method, image), got str"),
        (5, {}, "guidance takes Guidance(method, image), got int"),
        (Guidance(5, WIDE), {}, "guidance_method_1 must be one of"),  # type: ignore[arg-type]  # the point
        ([Guidance("canny", WIDE)] * 3, {}, "guidance takes at most 2 methods, got 3"),
        ([Guidance("canny", WIDE)] * 4, {}, "guidance takes at most 2 methods, got 4"),
        (Guidance("canny", WIDE), {"guidance_method_1": "controlnet_depth"}, "guidance_method_1 is given twice"),
        (Guidance("canny", WIDE), {"guidance_method_1_scale": 0}, "guidance_method_1_scale is given twice"),
        (Guidance("canny", WIDE, scale=1.1), {}, "guidance_method_1_scale must be at most 1, got 1.1"),
        (Guidance("edges", WIDE), {}, "guidance_method_1 must be one of 'controlnet_canny'"),  # type: ignore[arg-type]  # the point
        (Guidance("canny", "https://a/1.png"), {}, "guidance_method_1_image_file takes no address"),
        (Guidance("canny", "a.png"), {}, "guidance_method_1_image_file is not base64"),
        ([Guidance("canny", WIDE), Guidance("depth", "https://a/1.png")], {}, "a guidance image takes no address"),
        ([Guidance("canny", "a.png"), Guidance("depth", WIDE)], {}, "a guidance image is not base64; give a file as"),
        ([Guidance("canny", "QUJDR"), Guidance("depth", WIDE)], {}, "a guidance image is not base64"),
    ],
)
async def test_what_does_not_go_together_is_refused(server: Recorder, guidance: Any, values: Any, words: str) -> None:
    """Too many, given twice, out of range, or no image: said before anything is sent."""
    with pytest.raises(InvalidParameter) as caught:
        await sent(server, guidance, **values)
    assert str(caught.value).startswith(f"tailored.text_to_image: {words}")
    assert server.requests == []


async def test_a_method_beside_the_parameters_of_the_other(server: Recorder) -> None:
    """What stands for the first method leaves the second to its own parameters."""
    body = await sent(
        server,
        Guidance("canny", WIDE),
        guidance_method_2="controlnet_depth",
        guidance_method_2_image_file=TALL,
    )
    assert (body["guidance_method_1"], body["guidance_method_2"]) == ("controlnet_canny", "controlnet_depth")


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8 "])
async def test_what_is_no_picture_is_an_image_error(server: Recorder, tmp_path: Path, content: bytes) -> None:
    """Its sides cannot be told, whether it is a file or bytes; a file is named."""
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for image, name in ((content, "image"), (path, r"a\.png")):
        with pytest.raises(ImageError, match=f"{name}: cannot be read: "):
            await sent(server, [Guidance("canny", WIDE), Guidance("depth", image)])
    assert server.requests == []


async def test_a_picture_of_another_kind_is_told(server: Recorder) -> None:
    """What the API does not take either."""
    with pytest.raises(ImageError, match="it is no jpeg, png or webp"):
        await sent(server, [Guidance("canny", WIDE), Guidance("depth", picture(64, 32, "GIF"))])


@pytest.mark.parametrize("name", ["missing.png", "nul\0.png", "."])
async def test_a_file_that_cannot_be_read_is_an_image_error(server: Recorder, tmp_path: Path, name: str) -> None:
    """One of two is looked at for its shape, a single one when it is sent: the error is the same."""
    guidance = Guidance("canny", tmp_path / name)
    for given in (guidance, [guidance, Guidance("depth", WIDE)]):
        with pytest.raises(ImageError, match=r"cannot be read|is not a regular file"):
            await sent(server, given)
    assert server.requests == []


def test_an_image_is_not_in_the_repr() -> None:
    """Images are large."""
    assert "QUJD" not in repr(Guidance("canny", "QUJD", scale=0.5))
