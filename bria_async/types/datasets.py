"""Datasets of all generations: of an organisation (2024) and of a project (2025 and later)."""

import datetime as dt

import attrs

from .common import Id, OpenEnum, Value
from .images import DatasetImage
from .models import Model


class DatasetStatus(OpenEnum):
    """What may change: `completed` freezes images, captions, prefix and schema (SEED 002, published spec)."""

    DRAFT = "draft"
    COMPLETED = "completed"


class CaptionsUpdateStatus(OpenEnum):
    """Whether captions are being regenerated; `empty`: nobody asked for it. There is no word for failure."""

    EMPTY = "empty"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


@attrs.frozen(kw_only=True)
class Dataset(Value):
    """A dataset: the images that a model is trained on, and how their captions are made.

    Source: SEED 002, SEED 003, SEED 004, published spec.
    """

    id: Id
    project_id: Id | None = None
    """None for the organisation-level datasets of 2024 (SEED 003, SEED 004)."""
    name: str | None = None
    visual_schema: str | None = None
    """FIBO: JSON encoded as a text; captions stay null until it is set (published spec)."""
    caption_prefix: str | None = None
    """Legacy families: put before every caption, and the default generation prefix (SEED 002)."""
    training_version: str | None = None
    use_case: str | None = None
    """2024: one of `UseCase` (SEED 003, SEED 004)."""
    style_description: str | None = None
    """2024 (SEED 003, SEED 004)."""
    status: DatasetStatus | None = None
    captions_update_status: CaptionsUpdateStatus | None = None
    upload_type: str | None = None
    """`basic` (up to 200 images) or `advanced` (one zip)."""
    captions_source: str | None = None
    """Advanced datasets: `automatic` or `manual` (SEED 002)."""
    images_count: int | None = None
    """How many there are, even where `images` is cut short."""
    images: tuple[DatasetImage, ...] | None = None
    """In the answers for a single dataset, up to 200."""
    models: tuple[Model, ...] | None = None
    """Only with `include_models` (SEED 002)."""
    model_ids: tuple[Id, ...] | None = None
    """Only with `include_models_ids` (SEED 002)."""
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None


@attrs.frozen(kw_only=True)
class DatasetDownload(Value):
    """Where a dataset's files can be fetched (published spec); how long the addresses live is unknown."""

    download_url: str | None = None
    captions_url: str | None = None
