"""Tailored models: their training, checkpoints and files."""

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

import attrs

from .common import Id, OpenEnum, Value


class ModelStatus(OpenEnum):
    """How far a training is: six words (published spec), and those of 2024 (SEED 003, SEED 004).

    A word that is not known here, such as `Deleted` or `syncing` of an uploaded model, does not end a wait.
    """

    CREATED = "Created"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"

    @classmethod
    def synonyms(cls) -> dict[str, str]:
        """The words of 2024."""
        return {"traininginprogress": "inprogress", "ready": "completed"}

    @property
    def is_over(self) -> bool:
        """Whether it stays as it is: training cannot be started again."""
        return self in (ModelStatus.COMPLETED, ModelStatus.FAILED, ModelStatus.STOPPED)


@attrs.frozen(kw_only=True)
class TrainingParameters(Value):
    """What a training ran with (published spec); chosen by the server unless `training_mode` is `expert`."""

    older_names: ClassVar[Mapping[str, str]] = {"max_train_steps": "total_training_steps"}

    learning_rate: float | None = None
    lr_scheduler: str | None = None
    rank: int | None = None
    total_training_steps: int | None = None
    checkpoint_interval: int | None = None
    """Steps between two checkpoints."""
    lr_warmup_steps: int | None = None
    """Only with the scheduler `constant_with_warmup`."""


@attrs.frozen(kw_only=True)
class Model(Value):
    """A tailored model, trained on one dataset (SEED 003, published spec).

    The API gives neither a percentage nor a reason for `Failed`.
    """

    id: Id
    name: str | None = None
    description: str | None = None
    status: ModelStatus | None = None
    training_mode: str | None = None
    """`fully_automated` or `expert`."""
    training_version: str | None = None
    """Legacy answers (SEED 000, SEED 002)."""
    active_model_version: str | None = None
    """`default`, or the step of the checkpoint in use."""
    training_parameters: TrainingParameters | None = None
    checkpoint_steps: tuple[str, ...] | None = None
    """Steps as texts, unlike `Checkpoint.checkpoint_step`."""
    project_id: Id | None = None
    dataset_id: Id | None = None
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None


@attrs.frozen(kw_only=True)
class Checkpoint(Value):
    """A model as it was after so many steps (published spec)."""

    checkpoint_step: int
    training_job_id: Id | None = None
    created_at: dt.datetime | None = None


@attrs.frozen(kw_only=True)
class Checkpoints(Value):
    """The checkpoints of a model, and the one that generates (published spec)."""

    checkpoints: tuple[Checkpoint, ...] = ()
    active_model_version: str | None = None
    """`default`, or a step as a text."""


@attrs.frozen(kw_only=True)
class ModelDownload(Value):
    """Where a model's weights can be fetched (published spec); how long the address lives is unknown."""

    download_url: str | None = None
    base_model_name: str | None = None
    base_model_card: str | None = None
