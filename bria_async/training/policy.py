"""What a refused step means for the run."""

from bria_async.errors import (
    BadRequest,
    BriaError,
    DownloadFailed,
    ImageError,
    JobFailed,
    JobNotFound,
    PreconditionFailed,
    RunError,
    RunPaused,
    TooLarge,
    Unprocessable,
    UnsupportedMedia,
)
from bria_async.graph.graph import Task
from bria_async.graph.runner import Policy

from .plan import Plan

BAD_IMAGE = (ImageError, PreconditionFailed, TooLarge, UnsupportedMedia, Unprocessable)
"""Errors that are about one image, not about the run (412, 413, 415, 422 and unreadable files)."""

NO_SAMPLE = (JobFailed, JobNotFound, DownloadFailed, Unprocessable, BadRequest)
"""Errors that leave out one sample: the model is trained all the same."""


def policy(plan: Plan) -> Policy:
    """What a refused task means for the run."""

    def decide(task: Task, key: str, error: BriaError) -> RunError | None:
        if task.name in ("submission", "sample") and isinstance(error, NO_SAMPLE):
            return None
        if task.over == "image" and isinstance(error, BAD_IMAGE):
            if plan.on_bad_image == "skip":
                return None
            return RunPaused(f"{key}: {error} It can be left out with on_bad_image=skip.", plan.run)
        return RunPaused(str(error), plan.run)

    return decide
