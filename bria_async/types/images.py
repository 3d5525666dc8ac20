"""Images of datasets, and uploads of many at once."""

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

import attrs

from .common import Id, OpenEnum, Value


class CaptionSource(OpenEnum):
    """Where a caption comes from; `unknown` marks images of an old upload (SEED 002)."""

    PENDING = "pending"
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class DatasetImage(Value):
    """An image of a dataset, with its caption (SEED 002, SEED 003, published spec)."""

    older_names: ClassVar[Mapping[str, str]] = {"file_name": "image_name"}

    id: Id
    dataset_id: Id | None = None
    caption: str | None = None
    """Continues the prefix (legacy), or a JSON text (FIBO); None while none was made."""
    caption_source: CaptionSource | None = None
    upload_source_url: str | None = None
    """The address it was uploaded from, if it was one."""
    image_name: str | None = None
    """The name it was uploaded with; `file_name` in 2024 (SEED 003); whether it is kept is unknown."""
    image_url: str | None = None
    thumbnail_url: str | None = None
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None


class BulkStatus(OpenEnum):
    """How far the upload of a zip is (published spec)."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class FailedImage(Value):
    """A file of a zip that did not become an image (published spec)."""

    filename: str | None = None
    error_code: int | None = None
    error_message: str | None = None


@attrs.frozen(kw_only=True)
class BulkUpload(Value):
    """The upload of a zip: counts of files, and those that failed (published spec)."""

    status: BulkStatus | None = None
    progress_percentage: int | None = None
    """0 to 100."""
    total_processed: int | None = None
    done: int | None = None
    failed: int | None = None
    failed_images: tuple[FailedImage, ...] = ()
