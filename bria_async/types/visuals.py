"""Visuals: images registered under a visual id, what they show, and what came of editing them (SEED 004)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, TypedDict

import attrs

from .common import OpenEnum, Value

Resolution = Literal["original", "nhd", "svga", "xga", "hd", "wuxga", "uwfhd", "wqxga", "uwqhd", "uhd"]
"""The size of a result, as the name of a display size; the pixels of each are not documented (SEED 004)."""

EitherResolution = Literal["original", "nhd", "svga", "xga", "hd", "had", "wuxga", "uwfhd", "wqxga", "uwqhd", "uhd"]
"""As `Resolution`, for operations whose pages write `had` where others write `hd`: both are sent as given
(SEED 004)."""

Increase = Literal[2, 4]
"""By how much each side grows (SEED 004)."""

BackgroundType = Literal["original", "generated", "solid"]
"""What lies behind a campaign's image (SEED 004)."""


class ObjectRemoval(TypedDict, total=False):
    """What to remove: an object's id, a mask, or points; one kind per request (SEED 004 names these keys).

    `mask_id` goes with `mask_source="generated"`; `mask_url` is the address of a mask that somebody drew. The
    shape of `positive_points` is unknown.
    """

    id: str
    mask_id: str | int
    mask_source: str
    mask_url: str
    positive_points: Sequence[Any]


@attrs.frozen(kw_only=True)
class Visual(Value):
    """A registered image: its `visual_id` is what all other operations take (SEED 004)."""

    visual_id: str
    already_registered: bool = False
    """The image was registered before (208), under the same id."""


class Quality(OpenEnum):
    """How well a change of a person is expected to turn out (SEED 004)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@attrs.frozen(kw_only=True)
class SceneElement(Value):
    """Something in a visual: the background, an object or a person, and what can be done with it (SEED 004)."""

    id: str | None = None
    """Names it in `visuals.remove_objects` and `visuals.modify_presenter`."""
    type: str | None = None
    """`background` is the only documented word."""
    labels: tuple[str, ...] | None = None
    rect: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    """Where it is; None for a background. Keys and units are unknown."""
    actions: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    """The available actions by name; which names there are is unknown."""
    oracle: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    """By action the predicted quality of its result: true or false for backgrounds and objects, `high`, `medium`
    or `low` for persons."""


@attrs.frozen(kw_only=True)
class BackgroundInfo(SceneElement):
    """The background of a visual (SEED 004)."""

    oracle: Mapping[str, bool] | None = attrs.field(default=None, hash=False)
    """By action, whether a good result is expected."""


@attrs.frozen(kw_only=True)
class ObjectInfo(SceneElement):
    """An object of a visual (SEED 004, which shows no fields: read like those of a background)."""

    oracle: Mapping[str, bool] | None = attrs.field(default=None, hash=False)
    """By action, whether a good result is expected."""


@attrs.frozen(kw_only=True)
class PersonInfo(SceneElement):
    """A person in a visual (SEED 004, which shows no fields: read like those of a background)."""

    oracle: Mapping[str, Quality] | None = attrs.field(default=None, hash=False)
    """By action, how good a result is expected; None, and the answer in `raw`, where qualities are nested
    deeper."""


@attrs.frozen(kw_only=True)
class VisualInfo(Value):
    """What a visual shows (SEED 004)."""

    description: str | None = None
    scene: tuple[SceneElement, ...] | None = None
    """All elements; absent from a lean answer."""
    org_width: int | None = None
    """Of the registered image, in pixels."""
    org_height: int | None = None
    """Of the registered image, in pixels."""


@attrs.frozen(kw_only=True)
class Caption(Value):
    """A description of an image in words."""

    caption: str | None = None


@attrs.frozen(kw_only=True)
class Captions(Value):
    """The descriptions of one image (SEED 004, published spec)."""

    results: tuple[Caption, ...] = ()


@attrs.frozen(kw_only=True)
class Campaign(Value):
    """The ads of a campaign (SEED 004)."""

    ads: tuple[Mapping[str, Any], ...] = attrs.field(default=(), hash=False)
    """What an ad holds is unknown: the objects as they came."""


@attrs.frozen(kw_only=True)
class MaskArchive(Value):
    """A zip of masks, or its address; `visuals.masks` opens either (SEED 004)."""

    older_names: ClassVar[Mapping[str, str]] = {"result_url": "url"}

    content: bytes | None = attrs.field(default=None, repr=False)
    url: str | None = None

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Take nothing but bytes for a zip: JSON has none."""
        return data if isinstance(data.get("content"), bytes) else {**data, "content": None}


@attrs.frozen
class Masks:
    """The masks of a visual, each a PNG file."""

    visual_id: str
    panoptic: bytes | None = attrs.field(repr=False)
    """A map rather than a picture: the grey value of each pixel holds the id of the mask it belongs to
    (SEED 004)."""
    masks: Mapping[str, bytes] = attrs.field(repr=lambda masks: f"<{len(masks)} masks>", hash=False)
    """By the `mask_id` that `visuals.remove_objects` takes."""
