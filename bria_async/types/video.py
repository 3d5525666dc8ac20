"""Videos: what edits take, and where a file is uploaded to."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

import attrs

from .common import Value

ContainerAndCodec = Literal[
    "mp4_h264", "mp4_h265", "webm_vp9", "mov_h265", "mov_proresks", "mkv_h264", "mkv_h265", "mkv_vp9", "gif"
]
"""What a result is stored as (published spec). A public client found that `gif` may fail, and that
`mov_proresks` has no alpha channel."""

BackgroundColor = Literal[
    "Transparent", "Black", "White", "Gray", "Red", "Green", "Blue", "Yellow", "Cyan", "Magenta", "Orange"
]
GreenShade = Literal["broadcast_green", "chroma_green", "blue_screen"]

LARGEST_UPLOAD = 2**30
"""1 GB (a public client, public pages); whether of 10^9 or 2^30 bytes is unknown: the larger one, as the server
decides."""


class KeyPoint(TypedDict):
    """A point of a frame in pixels; `negative` ones lie outside the mask (public pages)."""

    x: int
    y: int
    type: Literal["positive", "negative"]


@attrs.frozen(kw_only=True)
class VideoUpload(Value):
    """Where a video file goes, and the address it has then (a public client, public pages)."""

    upload_url: str = attrs.field(repr=False)
    """Takes a form: `upload_fields` first, the file last. It lives for 1 hour."""
    upload_fields: Mapping[str, str] = attrs.field(factory=dict, repr=False, hash=False)
    file_url: str
    """What the edits take as `video`; the file lives for 1 day."""

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Take what is under `result` out of it."""
        result = data.get("result")
        if not isinstance(result, dict):
            return data
        return {**{name: value for name, value in data.items() if name != "result"}, **result}
