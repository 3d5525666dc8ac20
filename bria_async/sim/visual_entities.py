"""What onboarding leaves behind: visuals with what is seen in them, and files that were uploaded as media."""

import mimetypes

import attrs

from bria_async.sim.entities import Look


@attrs.frozen(kw_only=True)
class Region:
    """A part of a picture that differs from its background.

    `rect` is left, top, width and height in pixels; `share` is its part of the picture, 0 to 1.
    """

    number: int
    """Its mask id, from 1, the largest first."""
    colour: str
    rect: tuple[int, int, int, int]
    share: float
    person: bool = False


@attrs.frozen(kw_only=True)
class Scene:
    """What a picture shows: its regions, where they lie, and its colours on a coarse grid."""

    regions: tuple[Region, ...] = ()
    labels: tuple[str, ...] = ()
    """Rows of cells; a cell holds the number of its region in base 36, 0 for the background."""
    colours: tuple[int, ...] = ()
    """Red, green and blue of 4 x 4 fields, row by row: pictures whose numbers are close look alike."""
    plain: bool = False
    """Whether all of it is one colour."""


@attrs.frozen(kw_only=True)
class Visual:
    """An image that was onboarded; the bytes lie under `sha256`."""

    id: str
    org_image_key: str = ""
    source_url: str = ""
    is_private: bool = True
    sha256: str
    width: int
    height: int
    look: Look
    scene: Scene
    created_at: float
    ready_at: float

    def ready(self, now: float) -> bool:
        """Whether its onboarding is over."""
        return now >= self.ready_at


ADDRESS_LIFETIME, FILE_LIFETIME = 3600.0, 24 * 3600.0


@attrs.frozen(kw_only=True)
class MediaUpload:
    """A place for one file, given away by a presigned address; `sha256` is set once the file is there.

    The address lives an hour, the file a day (a public client; older pages).
    """

    id: str
    media_type: str
    signature: str
    sha256: str | None = None
    created_at: float

    @property
    def fields(self) -> dict[str, str]:
        """What has to be sent before the file, unchanged."""
        return {"key": f"media/{self.id}", "Content-Type": self.media_type, "x-signature": self.signature}

    @property
    def path(self) -> str:
        """Where the file will be, under the simulator's address."""
        return f"/_sim/media/{self.id}{mimetypes.guess_extension(self.media_type) or ''}"

    def open(self, now: float) -> bool:
        """Whether a file may still come."""
        return now < self.created_at + ADDRESS_LIFETIME

    def there(self, now: float) -> bool:
        """Whether the file can be had."""
        return self.sha256 is not None and now < self.created_at + FILE_LIFETIME
