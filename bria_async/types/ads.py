"""Ads made from templates, and the brands they speak for (published spec)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypedDict

import attrs

from .common import Id, Value
from .jobs import Blocked, GeneratedImage, GeneratedImages


class SmartImage(TypedDict, total=False):
    """The image that an ad is built around: its address, and how it is fitted into the scene (published spec).

    What `scene` holds is not in the contract: it is sent as given.
    """

    input_image_url: str
    scene: Mapping[str, Any]


class AdElement(TypedDict, total=False):
    """What one layer of a template shows instead of its own content (published spec, without types: ids are taken
    either way).
    """

    layer_type: str
    content_type: str
    content: str
    id: Id


@attrs.frozen(kw_only=True)
class Brand(Value):
    """A brand: logos, colours and fonts (published spec)."""

    id: Id
    name: str | None = None
    description: str | None = None
    created_at: dt.datetime | None = None


@attrs.frozen(kw_only=True)
class AdTemplate(Value):
    """A template in a list (published spec)."""

    id: Id
    name: str | None = None
    description: str | None = None
    created_at: dt.datetime | None = None
    number_of_ads: int | None = None
    """How many scenes it has: one ad is made of each."""
    preview: str | None = None


@attrs.frozen(kw_only=True)
class AdTemplateDetails(Value):
    """What a template makes (published spec)."""

    scene_resolutions: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    """The sizes of its scenes; keys and values are not in the contract."""


@attrs.frozen(kw_only=True)
class Ad(GeneratedImage):
    """One ad; its address fills in later (published spec, public pages)."""

    id: str | None = None
    resolution: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    """Its size; the keys are not in the contract."""
    editor_iframe: str | None = None

    @property
    def url(self) -> str | None:
        """Its one address."""
        return self.urls[0] if self.urls else None


@attrs.frozen(kw_only=True)
class GeneratedAds(GeneratedImages):
    """The ads of a template, one for each of its scenes; `jobs.wait` takes them (published spec)."""

    result: tuple[Blocked | Ad, ...]

    @property
    def images(self) -> tuple[Ad, ...]:
        """The ads that were not blocked."""
        return tuple(ad for ad in self.result if isinstance(ad, Ad))
