"""What the simulated server holds: frozen values that carry their deadlines.

Nothing here runs in the background. A value records when things will happen, and its methods say what is true
at a moment, so any two looks at the same moment agree. All fields are plain JSON, and a change is a new value
put in its table.
"""

from collections.abc import Mapping
from typing import Any, Literal

import attrs

TrainingMode = Literal["fully_automated", "expert"]
LEGACY = frozenset({"max", "light", "3.2", "2.3", "bria-3.2", "bria-2.3"})
Family = Literal["fibo", "legacy"]


def family_of(training_version: str | None) -> Family | None:
    """The family a version belongs to (SEED 001: FIBO is `fibo`, the others are interchangeable)."""
    if training_version is None:
        return None
    return "legacy" if training_version in LEGACY else "fibo"


@attrs.frozen(kw_only=True)
class Project:
    """What a model is trained for; `family` is set by the first deciding act in it."""

    id: int
    project_name: str
    ip_type: str
    ip_medium: str
    project_description: str = ""
    ip_name: str = ""
    ip_description: str = ""
    training_version: str | None = None
    family: Family | None = None
    created_at: float
    updated_at: float | None = None


@attrs.frozen(kw_only=True)
class Dataset:
    """Images and what is said about all of them; without `project_id` it is of the 2024 kind."""

    id: int
    project_id: int | None = None
    name: str = ""
    upload_type: Literal["basic", "advanced"] = "basic"
    training_version: str | None = None
    family: Family | None = None
    use_case: str | None = None
    style_description: str | None = None
    caption_prefix: str | None = None
    visual_schema: str | None = None
    status: Literal["draft", "completed"] = "draft"
    captions_source: str | None = None
    captions_due: float | None = None
    created_at: float
    updated_at: float | None = None

    def captions_update_status(self, now: float) -> str:
        """Empty until captions are regenerated, then in_progress, then completed (SEED 002)."""
        if self.captions_due is None:
            return "empty"
        return "in_progress" if now < self.captions_due else "completed"


@attrs.frozen
class Look:
    """What is seen in an image: colour words by weight, brightness word, shape word."""

    colours: tuple[str, ...] = ()
    light: str = "evenly lit"
    shape: str = "square"


@attrs.frozen(kw_only=True)
class Image:
    """An uploaded image; the bytes lie under `sha256`. A caption with a due time is not there before it."""

    id: int
    dataset_id: int
    sent_name: str
    image_name: str
    upload_source_url: str | None = None
    sha256: str
    size: int
    width: int
    height: int
    format: str
    look: Look
    increased_resolution: bool = False
    caption: str | None = None
    caption_source: Literal["automatic", "manual"] | None = None
    caption_due: float | None = None
    created_at: float
    updated_at: float | None = None

    def captioned(self, now: float) -> bool:
        """Whether the caption is there."""
        return self.caption is not None and (self.caption_due is None or self.caption_due <= now)


@attrs.frozen(kw_only=True)
class BulkFile:
    """What became of one file of an archive; `error_code` is an HTTP-like number, 0 for success."""

    filename: str
    error_code: int = 0
    error_message: str = ""


@attrs.frozen(kw_only=True)
class Bulk:
    """The one bulk upload of an advanced dataset."""

    dataset_id: int
    files: tuple[BulkFile, ...]
    starts_at: float
    per_file: float

    def done(self, now: float) -> tuple[BulkFile, ...]:
        """The files worked through by now, in the archive's order."""
        return tuple(file for at, file in enumerate(self.files, 1) if self.starts_at + at * self.per_file <= now)

    def status(self, now: float) -> str:
        """One of pending, processing, and at the end completed or failed."""
        if now < self.starts_at:
            return "pending"
        if len(self.done(now)) < len(self.files):
            return "processing"
        return "completed" if any(file.error_code == 0 for file in self.files) else "failed"


@attrs.frozen(kw_only=True)
class Model:
    """A tailored model and its training."""

    id: int
    name: str = ""
    description: str = ""
    dataset_id: int | None = None
    project_id: int | None = None
    training_mode: TrainingMode = "fully_automated"
    training_version: str | None = None
    family: Family | None = None
    parameters: Mapping[str, Any] | None = None
    starts: int = 0
    started_at: float | None = None
    ends_at: float | None = None
    outcome: str = "Completed"
    stopped_at: float | None = None
    uploaded_until: float | None = None
    uncaptioned_images: tuple[int, ...] = ()
    deleted_checkpoints: tuple[int, ...] = ()
    created_at: float
    updated_at: float | None = None

    def status(self, now: float) -> str:
        """Created -> InProgress -> Completed | Failed, or Stopping -> Stopped.

        An uploaded model is `syncing`, then `completed`: words of older public pages.
        """
        if self.uploaded_until is not None:
            return "syncing" if now < self.uploaded_until else "completed"
        if self.started_at is None:
            return "Created"
        if self.stopped_at is not None:
            return "Stopping" if now < self.stopped_at else "Stopped"
        return "InProgress" if self.ends_at is None or now < self.ends_at else self.outcome

    def training(self, now: float) -> bool:
        """Whether a training runs, stopping included."""
        return self.status(now) in {"InProgress", "Stopping"}

    def usable(self, now: float) -> bool:
        """Whether images can be generated with it."""
        return self.status(now).lower() == "completed"

    def checkpoints(self, now: float) -> dict[int, float]:
        """Step and time of every checkpoint of an expert training that exists by now."""
        if not self.parameters or self.started_at is None or self.ends_at is None:
            return {}
        total, interval = self.parameters["total_training_steps"], self.parameters["checkpoint_interval"]
        per_step = (self.ends_at - self.started_at) / total
        until = now if self.stopped_at is None else min(now, self.stopped_at)
        times = {step: self.started_at + step * per_step for step in {*range(interval, total, interval), total}}
        return {step: at for step, at in sorted(times.items()) if at <= until and step not in self.deleted_checkpoints}


@attrs.frozen(kw_only=True)
class Result:
    """One file that a generation makes; a blocked one is empty."""

    name: str
    """Its suffix says what kind of file it is."""
    seed: int
    blocked: bool = False
    params: Mapping[str, Any] = attrs.field(factory=dict)
    """What its drawing is told beyond what the whole job is told."""


@attrs.frozen(kw_only=True)
class Job:
    """A generation: what it draws from and how, and when it is ready."""

    id: str
    operation: str
    effect: str = "collage"
    """The name of the drawing that makes its results (`effects.EFFECTS`)."""
    model_id: int | None = None
    prompt: str = ""
    structured_prompt: str | None = None
    params: Mapping[str, Any] = attrs.field(factory=dict)
    """What its drawing is told."""
    sources: tuple[str, ...] = ()
    """sha256 of the images it draws from, in the order that the effect expects."""
    width: int = 1024
    height: int = 1024
    results: tuple[Result, ...] = ()
    url_field: str = "image_url"
    """What the `result` of a v2 job calls the URL of the first file."""
    told: Mapping[str, Any] = attrs.field(factory=dict)
    """What the `result` of a v2 job says beside it."""
    outcome: str = "COMPLETED"
    polled: bool = True
    """Whether `jobs.status` knows it (v2); v1 results are looked for at their URLs."""
    webhook_url: str | None = None
    """Where its outcome is posted."""
    created_at: float
    ready_at: float

    def status(self, now: float) -> str:
        """IN_PROGRESS until it is ready, then its outcome."""
        return "IN_PROGRESS" if now < self.ready_at else self.outcome
