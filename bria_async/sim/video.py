"""Video operations (v2): a place for the file first, then jobs whose result is a stand-in (published spec; NOTES).

Unknown, chosen: an address that is not one of the simulator's own or a fixture is a 422. No video is decoded or encoded
here: what Pillow reads (GIF and WebP animations, the simulator's own results among them) is worked on by its first
frame, and the result is an animated WebP of eight frames, or a real GIF where `gif` was asked for. From other files
the result is drawn as a scene.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

from bria_async.sim import sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.entities import Look
from bria_async.sim.media import MAX_BYTES
from bria_async.sim.pictures import UNREADABLE, Picture, header
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Object
from bria_async.sim.sources import Source
from bria_async.sim.studio import Order
from bria_async.sim.visual_entities import MediaUpload

routes = Routes()

Container = Literal[
    "mp4_h264",
    "mp4_h265",
    "webm_vp9",
    "mov_h265",
    "mov_proresks",
    "mkv_h264",
    "mkv_h265",
    "mkv_vp9",
    "gif",
]
Colour = Literal["Transparent", "Black", "White", "Gray", "Red", "Green", "Blue", "Yellow", "Cyan", "Magenta", "Orange"]
_COLOURS = {
    "Transparent": "#000000",
    "Black": "#000000",
    "White": "#ffffff",
    "Gray": "#808080",
    "Red": "#ff0000",
    "Green": "#00ff00",
    "Blue": "#0000ff",
    "Yellow": "#ffff00",
    "Cyan": "#00ffff",
    "Magenta": "#ff00ff",
    "Orange": "#ffa500",
}
_SCREENS = {"broadcast_green": "#00b140", "chroma_green": "#00ff00", "blue_screen": "#0000ff"}
_MEDIA_TYPE = re.compile(r"(video|image)/[\w.+-]{1,100}", re.ASCII)
_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free"}
_PICTURES = (b"GIF8", b"\x89PNG", b"\xff\xd8\xff")
_MATROSKA = b"\x1a\x45\xdf\xa3"
_SIZE = (384, 384)
_MOST_POINTS = 100
_ANSWERS = "202 400 403 405 415 422 429 500"
_WITH_413 = "202 400 403 405 413 415 422 429 500"


@attrs.frozen(kw_only=True)
class UploadRequest:
    """What kind of file will come; unknown: the values, chosen `video/...` and `image/...`."""

    media_type: str = "video/mp4"


@attrs.frozen(kw_only=True)
class _Edit:
    """A video by URL, and where to post the outcome."""

    video: str
    webhook_url: str | None = None


@attrs.frozen(kw_only=True)
class Erase(_Edit):
    """A mask by URL of what is to go."""

    mask: str
    preserve_audio: bool = True
    auto_trim: bool = False
    output_container_and_codec: Container = "mp4_h264"


@attrs.frozen(kw_only=True)
class GreenScreen(_Edit):
    """A colour to stand before."""

    green_shade: Literal["broadcast_green", "chroma_green", "blue_screen"] = "broadcast_green"
    output_container_and_codec: Container = "webm_vp9"
    preserve_audio: bool = True


@attrs.frozen(kw_only=True)
class IncreaseResolution(_Edit):
    """How many times as many pixels a side."""

    desired_increase: Literal[2, 4] = 2
    output_container_and_codec: Container = "mp4_h264"
    preserve_audio: bool = True


@attrs.frozen(kw_only=True)
class RemoveBackground(_Edit):
    """A colour in place of the background."""

    background_color: Colour = "Black"
    auto_zoom: bool = False
    output_container_and_codec: Container = "mp4_h264"
    preserve_audio: bool = True


@attrs.frozen(kw_only=True)
class ReplaceBackground(_Edit):
    """An image or a video by URL in place of the background."""

    background_url: str
    output_container_and_codec: Container = "webm_vp9"
    preserve_audio: bool = True


@attrs.frozen(kw_only=True)
class ForegroundMask(_Edit):
    """Only the video."""

    output_container_and_codec: Container = "mp4_h264"


@attrs.frozen(kw_only=True)
class KeyPoint(Object):
    """A place on a frame. Unknown: the words of `type`; any is accepted."""

    x: float
    y: float
    type: str | None = None


@attrs.frozen(kw_only=True)
class MaskByKeyPoints(_Edit):
    """Places on a frame that belong to what is masked."""

    frame_index: int = 0
    key_points: list[KeyPoint]
    auto_trim: bool = False
    output_container_and_codec: Container = "mp4_h264"


@attrs.frozen(kw_only=True)
class MaskByPrompt(_Edit):
    """Words for what is masked."""

    prompt: str
    auto_trim: bool = False
    output_container_and_codec: Container = "mp4_h264"


@routes.post("/v2/video/upload", "video.upload", answers="200 400 401 403 422 429 500")
async def upload(call: Call, body: UploadRequest) -> Answer:
    """A presigned address for one file, and where the file will be."""
    if not _MEDIA_TYPE.fullmatch(body.media_type):
        raise Refusal(422, "media_type should be a video or image type, such as video/mp4")
    world = call.world
    made = MediaUpload(id=world.new_uuid(), media_type=body.media_type, signature=world.new_uuid(), created_at=call.now)
    world.uploads[made.id] = made
    places = {
        "upload_url": call.url(f"/_sim/uploads/{made.id}"),
        "upload_fields": made.fields,
        "file_url": call.url(made.path),
    }
    return Answer(200, {"result": places})


@routes.post("/v2/video/edit/erase", "video.erase", answers=_ANSWERS)
async def erase(call: Call, body: Erase) -> Answer:
    """The video without what a mask covers."""
    seen = [await video(call, body.video), await video(call, body.mask)]
    return _submit(call, body, body.output_container_and_codec, seen, "erase")


@routes.post("/v2/video/edit/green_screen", "video.green_screen", answers=_WITH_413)
async def green_screen(call: Call, body: GreenScreen) -> Answer:
    """The subject before a screen."""
    params = {"ground": _SCREENS[body.green_shade]}
    seen = [await video(call, body.video)]
    return _submit(call, body, body.output_container_and_codec, seen, "before_colour", params)


@routes.post("/v2/video/edit/increase_resolution", "video.increase_resolution", answers=_ANSWERS)
async def increase_resolution(call: Call, body: IncreaseResolution) -> Answer:
    """The video in more pixels; the stand-in is of one size whatever is asked."""
    seen = [await video(call, body.video)]
    return _submit(call, body, body.output_container_and_codec, seen, "resize", {"size": _SIZE})


@routes.post("/v2/video/edit/remove_background", "video.remove_background", answers="202 400 403 405 413 422 429 500")
async def remove_background(call: Call, body: RemoveBackground) -> Answer:
    """The subject before one colour; the stand-in is never transparent."""
    params = {"ground": _COLOURS[body.background_color]}
    seen = [await video(call, body.video)]
    return _submit(call, body, body.output_container_and_codec, seen, "before_colour", params)


@routes.post("/v2/video/edit/replace_background", "video.replace_background", answers=_WITH_413)
async def replace_background(call: Call, body: ReplaceBackground) -> Answer:
    """The subject before another image or video."""
    seen = [await video(call, body.video), await video(call, body.background_url)]
    return _submit(call, body, body.output_container_and_codec, seen, "replace_background")


@routes.post("/v2/video/generate/foreground_mask", "video.foreground_mask", answers=_WITH_413)
async def foreground_mask(call: Call, body: ForegroundMask) -> Answer:
    """The subject in white on black."""
    seen = [await video(call, body.video)]
    return _submit(call, body, body.output_container_and_codec, seen, "segment", {"part": "body"})


@routes.post("/v2/video/segment/mask_by_key_points", "video.mask_by_key_points", answers=_ANSWERS)
async def mask_by_key_points(call: Call, body: MaskByKeyPoints) -> Answer:
    """A mask by places; the stand-in masks the subject whatever they are."""
    if body.frame_index < 0 or not 1 <= len(body.key_points) <= _MOST_POINTS:
        raise Refusal(422, f"frame_index is 0 or more, and key_points are 1 to {_MOST_POINTS}")
    seen = [await video(call, body.video)]
    return _submit(call, body, body.output_container_and_codec, seen, "segment", {"part": "body"})


@routes.post("/v2/video/segment/mask_by_prompt", "video.mask_by_prompt", answers=_ANSWERS)
async def mask_by_prompt(call: Call, body: MaskByPrompt) -> Answer:
    """A mask by words; the stand-in masks the subject whatever they are."""
    seen = [await video(call, body.video)]
    params = {"part": "body"}
    return _submit(call, body, body.output_container_and_codec, seen, "segment", params, prompt=body.prompt)


async def video(call: Call, url: str) -> Source | None:
    """A video or an image by URL; None when it is one that nothing here reads.

    Raises:
        Refusal: 422 an address that does not lead anywhere, 413 more than 1 GB, 415 another type.
    """
    path = await sources.path_at(call, url, missing=422)
    if path.stat().st_size > MAX_BYTES:
        raise sources.too_large(MAX_BYTES)
    readable, size = await asyncio.to_thread(_looked_at, path, call.options.max_pixels)
    if not readable or path.stat().st_size > call.options.max_bytes:
        return None
    return Source("video", await sources.copied(call, path), Picture("", *size, Look()), url)


def _looked_at(path: Path, max_pixels: int) -> tuple[bool, tuple[int, int]]:
    """Whether a first frame can be read, and its size; 415 for what is neither video nor image."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] in _BOXES or head.startswith(_MATROSKA) or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return False, _SIZE
    if not head.startswith(_PICTURES) and not (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        raise Refusal(415, "Unsupported media type. The file is no video that is known here")
    try:
        _, (width, height) = header(path)
    except UNREADABLE:
        return False, _SIZE
    return width * height <= max_pixels, (width, height)


def _submit(
    call: Call,
    body: _Edit,
    container: str,
    seen: Sequence[Source | None],
    effect: str,
    params: Mapping[str, Any] | None = None,
    prompt: str = "",
) -> Answer:
    """Start a job; without a readable video, its result is drawn as a scene."""
    read = [each for each in seen if each is not None]
    drawable = len(read) == len(seen)
    order = Order(
        effect=effect if drawable else "generate",
        sources=read if drawable else (),
        params=params or {},
        extension="gif" if container == "gif" else "webp",
        prompt=prompt,
        size=_SIZE,
        url_field="video_url",
        webhook_url=body.webhook_url,
    )
    return studio.submit(call, order)
