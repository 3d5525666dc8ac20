"""What all answers share: tolerance for what they do not know, and the words of five generations."""

import enum
import os
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import attrs

from .notebook import answer, answers

Id = int | str
"""Ids are integers in most answers; legacy model ids are long texts (SEED 003)."""

ImageInput = str | bytes | os.PathLike[str]
"""An image as callers have it: a path, its bytes, or a text: an http(s) address, or base64 with or without a
`data:` header. A path is never given as a text."""

MAX_IMAGE_BYTES = 12 * 2**20
"""12 MB (SEED 000, 003, 004); whether of 10^6 or 2^20 bytes is unknown: the larger one, as the server decides."""

IpType = Literal[
    "multi_object_set",
    "object_variants",
    "icons",
    "defined_character",
    "character_variants",
    "stylized_scene",
    "other",
]
"""What a project preserves (SEED 001, published spec)."""

IpMedium = Literal["photography", "illustration"]
Medium = Literal["photography", "art"]
"""What a generated or found image is (SEED 004)."""

UploadType = Literal["basic", "advanced"]
UseCase = Literal["illustrative_style", "illustrative_single_object"]
"""What an organisation-level dataset of 2024 is for (SEED 003, SEED 004)."""

TrainingMode = Literal["fully_automated", "expert"]
LrScheduler = Literal["linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup"]
PrefixIpType = Literal["stylized_scene", "defined_character", "object_variants"]
"""The types of `IpType` that a caption prefix is generated for (SEED 002)."""

AspectRatio = Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9"]
GuidanceMethod = Literal["controlnet_canny", "controlnet_depth", "controlnet_recoloring", "controlnet_color_grid"]
"""What of a guidance image is used: edges, depth, greys, or a 16x16 grid of its colours (SEED 000)."""

ImagePromptMode = Literal["regular", "style_only"]

OutputType = Literal["png", "jpeg"]
"""The file type of a v2 result (published spec)."""

BackgroundMode = Literal["base", "high_control", "fast"]
"""How a background is drawn from words: `high_control` keeps closest to them, `fast` is the quick one (public
pages)."""

PlacementType = Literal[
    "original", "automatic", "manual_placement", "manual_padding", "custom_coordinates", "automatic_aspect_ratio"
]
"""How a product or vehicle is placed in its shot (published spec; the first four SEED 004)."""

ManualPlacement = Literal[
    "upper_left",
    "upper_right",
    "bottom_left",
    "bottom_right",
    "right_center",
    "left_center",
    "upper_center",
    "bottom_center",
    "center_vertical",
    "center_horizontal",
]
"""A place in a shot (SEED 004)."""


def is_address(value: object) -> bool:
    """Whether this is an http(s) address."""
    return isinstance(value, str) and value.startswith(("https://", "http://"))


@attrs.frozen(kw_only=True)
class Value:
    """An answer of the API: what is known of it as attributes, all of it in `raw`.

    Every attribute beyond the id is optional, because five generations of the API share these shapes; what
    cannot be read as its type is None. Unknown fields are in `extra`.
    """

    raw: Mapping[str, Any] = attrs.field(factory=dict, repr=False, eq=False, hash=False)
    """The JSON object exactly as it came; and what its status said beyond yes, where that is an attribute, and what
    waiting for its job found."""

    older_names: ClassVar[Mapping[str, str]] = {}
    """Names that older answers use, and the attribute each is read into."""

    @property
    def extra(self) -> dict[str, Any]:
        """The fields of the answer that this version of the library does not know."""
        known = {field.name for field in attrs.fields(type(self))} | set(self.older_names)
        return {name: value for name, value in self.prepare(dict(self.raw)).items() if name not in known}

    def _repr_html_(self) -> str:
        """What it says as a table, with its pictures, for notebooks."""
        return answer(self)

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Bring an answer whose shape differs between generations into the one that is read."""
        return data


class Answers(tuple[Any, ...]):
    """Several answers: the tuple of them, which shows itself in notebooks."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """What they say as a table, a line of each, with their pictures."""
        return answers(self)


class OpenEnum(enum.StrEnum):
    """Status words of every era: a known one is its member however it is written, an unknown one is kept as
    it came.

    An unknown word is a member of its own, equal to that text; a word of another era is the member it stands
    for, and the word itself stays in the `raw` of the answer.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        word = cls._normal(value)
        word = cls.synonyms().get(word, word)
        for member in cls:
            if cls._normal(member.value) == word:
                return member
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown

    @classmethod
    def synonyms(cls) -> dict[str, str]:
        """Words of other eras and the word each stands for, all in lower case without blanks."""
        return {}

    @staticmethod
    def _normal(word: str) -> str:
        return word.lower().replace(" ", "").replace("_", "")
