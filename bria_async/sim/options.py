"""Every choice of the simulator, among them those that the API's documents leave open."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import attrs
from attrs import validators

from bria_async.sim.schema import fields

HOUR = 3600.0
DAY = 24 * HOUR

Generation = Literal["all", "A", "B", "C", "D", "E"]


@attrs.frozen(kw_only=True)
class Moderation:
    """What the simulator's moderation blocks, where a request asks for moderation.

    A word is found in a prompt, in the name of an image that the request brings, or at the start of its sha256;
    case does not matter. One of `inputs` refuses the request with 422, one of `outputs` blocks every generated
    image, one of `first_output` only the first of them.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    first_output: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Options:
    """How the simulated server behaves. Times are seconds on its clock, sizes are bytes."""

    token: str | None = attrs.field(default=None, repr=False)
    """The only accepted `api_token`; None accepts any that is not empty. Never written to disk."""
    generation: Generation = "all"
    """Serve one generation of the documentation only (NOTES: A 2024 ... E 2026), or all at once."""
    strict: bool = False
    """Refuse unknown fields with 400 instead of ignoring them with a logged warning."""
    seed: int = 0
    """Seeds everything random: request ids, uuids, chosen result seeds, which captions never come."""

    rate_limits: int | Mapping[str, int] | None = None
    """Requests per endpoint and fixed minute: one number, or a number by operation name; None is no limit."""
    retry_after: bool = True
    """Send `Retry-After` (seconds to the next minute) with a 429. Unknown: no contract is published."""
    listing_lag: float = 0.0
    """A new project, dataset, image or model shows in lists only after so long."""
    late_effect: float = 0.0
    """The effect of a call whose reply a fault drops or hangs `after` comes so much later."""

    image_names: Literal["echo", "prefix", "rewrite"] = "echo"
    """`image_name` as sent, with the image's id before it, or replaced by something unrecognisable."""
    upload_answer: Literal["json", "form"] = "json"
    """An upload answers with JSON, or form-encoded with `file_name` as SEED 003 shows."""
    decode: bool = True
    """Decode every image fully; False reads headers only (benchmarks), so truncated files pass."""
    max_images: int = 200
    """Images in a basic dataset; one more is a 409."""
    max_bytes: int = 12_000_000
    """Largest image; more is a 413. Unknown: whether the documented 12 MB is 10**6 or 2**20 based."""
    max_pixels: int = 80_000_000
    """Largest picture to decode; more is a 422 (a guard against decompression bombs)."""
    fixtures: Mapping[str, Path] = attrs.field(factory=dict, converter=MappingProxyType)
    """Foreign URLs that `image_url` and `zip_url` may name, and the files that stand for them."""

    caption_delay: float = 20.0
    """From an upload, or a request to regenerate, until captions are there."""
    caption_waiting: Literal["pending", "null"] = "pending"
    """`caption_source` of an image whose caption is still to come."""
    missing_captions: float = attrs.field(default=0.0, validator=[validators.ge(0), validators.le(1)])
    """Share of uploaded images whose caption never comes unless it is regenerated or written by hand."""
    complete_with_pending: Literal["accept", "refuse"] = "accept"
    """Completing a dataset with captions missing: accepted, and they stay missing, or a 409."""

    max_zip_bytes: int = 5_000_000_000
    """Largest archive of a bulk upload; more is a 413."""
    max_zip_images: int = 5000
    """Most images in an archive, and in an advanced dataset; more is a 413 (409 for single uploads)."""
    bulk_delay: float = 5.0
    """From a bulk upload until its first image is processed."""
    bulk_time_per_image: float = 0.2
    """How long a bulk upload works on each image."""

    min_images_legacy: int = 1
    """Images a legacy dataset needs to be completed (SEED 002)."""
    min_images_fibo: int = 5
    """Images a FIBO dataset needs to be completed (published spec)."""
    training_time: float = 2 * HOUR
    """How long a training runs."""
    training_outcome: Literal["Completed", "Failed", "Stalled"] = "Completed"
    """How a training ends; Stalled stays InProgress for ever."""
    stop_time: float = 30.0
    """From `stop_training` until Stopping becomes Stopped."""

    job_time: float = 20.0
    """How long an asynchronous generation runs."""
    job_outcome: Literal["COMPLETED", "ERROR", "UNKNOWN"] = "COMPLETED"
    """How v2 jobs end."""
    not_found_grace: float = 0.0
    """A new request id answers 404 NOT_FOUND for so long."""
    job_lifetime: float | None = None
    """How long a request id is known; None is for ever."""
    url_lifetime: float | None = 3 * DAY
    """How long a result URL works; afterwards it is a 403. None is for ever."""
    flat_results: bool = False
    """`tailored.generate` with sync answers flat, as its published sample, not under `result`."""
    urls_as_string: bool = False
    """v1 results hold `urls` as one string, as SEED 000 prints it, not as an array."""
    onboarding_time: float = 10.0
    """From registering a visual until it can be asked for information; a 205 until then."""
    masks_as_url: bool = False
    """`visuals.generate_masks` answers with a URL of the zip, not with the zip."""
    legal: tuple[str, ...] = ()
    """Words in the URL or file name of an image that answer 451, where that is documented."""
    scarce: tuple[str, ...] = ()
    """Operations that answer 512: not enough resources, and nothing was done."""
    ip_words: tuple[str, ...] = ()
    """Words in a prompt that `ip_signal` warns of."""
    moderation: Moderation = attrs.field(factory=Moderation)
    """What moderation blocks."""
    timestamps: Literal["naive", "Z"] = "naive"
    """Dates without a zone and with microseconds (2025), or with Z and whole seconds (2024)."""

    def __attrs_post_init__(self) -> None:
        for field in fields(Options).values():
            if field.choices and getattr(self, field.name) not in field.choices:
                raise ValueError(f"{field.name} is one of {', '.join(field.choices)}")
