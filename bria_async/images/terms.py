"""What images are for, as far as it decides what there is to say of them."""

from typing import Literal

import attrs

from bria_async.types.trainings import MOST_EACH, SMALLEST_SIDE, WANTED_SIDE, Captions, Family, Upload

from .probe import Limits


@attrs.frozen(kw_only=True)
class Terms:
    """What a training does with its images, as its plan says (see `Plan`).

    `captions` is None where nobody knows yet whether the text files beside the images count.
    """

    family: Family = "fibo"
    upload: Upload = "auto"
    increase_resolution: bool | None = None
    captions: Captions | None = None
    on_bad_image: Literal["stop", "skip"] = "stop"

    @property
    def limits(self) -> Limits:
        """What an image must be."""
        return Limits(min_side=WANTED_SIDE if self.increase_resolution is False else SMALLEST_SIDE)

    def by_zip(self, count: int) -> bool:
        """Whether so many images go as one zip."""
        return self.upload == "zip" or (self.upload == "auto" and count > MOST_EACH)
