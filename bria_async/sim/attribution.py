"""Whom a generation owes something to (v2, published spec): jobs without a file.

Unknown: what a result holds, chosen `{"attributions": []}`: the simulator was trained on nothing, so nobody is owed
anything. Validation beyond types is chosen too, each a 422.
"""

import base64
import uuid
from collections.abc import Iterable
from typing import Literal

import attrs

from bria_async.sim import sources, studio
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.routes import Call, Routes
from bria_async.sim.studio import Order
from bria_async.sim.video import video

routes = Routes()

ModelVersion = Literal["2.3", "3.0", "3.2", "4.0"]
VideoModel = Literal["video_generation:1", "video_rmbg:1", "video_eraser:1", "video_mask:1", "video_increase_res:1"]
_MOST_EMBEDDINGS = 100
_ANSWERS, _WITH_400 = "202", "202 400"


@attrs.frozen(kw_only=True)
class ByImageEmbedding:
    """Embeddings of images, base64."""

    embeddings_base64: list[str]
    model_version: ModelVersion
    embeddings_uid: str | None = None
    model_name: str | None = None


@attrs.frozen(kw_only=True)
class ByImage:
    """An image, base64 or URL."""

    image: str
    model_version: ModelVersion


@attrs.frozen(kw_only=True)
class ByVideoEmbedding:
    """Embeddings of a video, base64, and how many seconds it is long."""

    model: VideoModel
    video_seconds: int
    stills_embedding_base64: str
    motion_embedding_base64: str
    unique_id: str | None = None


@attrs.frozen(kw_only=True)
class ByVideo:
    """A video by URL."""

    video: str
    model: VideoModel


@routes.post("/v2/image/attribution/by_embedding", "attribution.by_image_embedding", answers=_ANSWERS)
async def by_image_embedding(call: Call, body: ByImageEmbedding) -> Answer:
    """By 1 to 100 embeddings of images."""
    if not 1 <= len(body.embeddings_base64) <= _MOST_EMBEDDINGS:
        raise Refusal(422, f"embeddings_base64 holds 1 to {_MOST_EMBEDDINGS} embeddings")
    _check_base64(body.embeddings_base64)
    return _submit(call)


@routes.post("/v2/image/attribution/by_image", "attribution.by_image", answers=_WITH_400)
async def by_image(call: Call, body: ByImage) -> Answer:
    """By an image."""
    await sources.any_image(call, body.image, missing=422)
    return _submit(call)


@routes.post("/v2/video/attribution/by_embedding", "attribution.by_video_embedding", answers=_ANSWERS)
async def by_video_embedding(call: Call, body: ByVideoEmbedding) -> Answer:
    """By the two embeddings of a video."""
    if body.video_seconds < 1:
        raise Refusal(422, "video_seconds is 1 or more")
    if body.unique_id is not None and not _is_uuid(body.unique_id):
        raise Refusal(422, "unique_id should be a UUID")
    _check_base64([body.stills_embedding_base64, body.motion_embedding_base64])
    return _submit(call)


@routes.post("/v2/video/attribution/by_video", "attribution.by_video", answers=_WITH_400)
async def by_video(call: Call, body: ByVideo) -> Answer:
    """By a video."""
    await video(call, body.video)
    return _submit(call)


def _submit(call: Call) -> Answer:
    return studio.submit(call, Order(parts=(), told={"attributions": []}))


def _check_base64(texts: Iterable[str]) -> None:
    for text in texts:
        try:
            base64.b64decode(text, validate=True)
        except ValueError:
            raise Refusal(422, "An embedding is not valid base64") from None


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
