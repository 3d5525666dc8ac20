"""What a refused step means for the run."""

from bria_async.errors import (
    BadRequest,
    BriaError,
    DownloadFailed,
    ImageError,
    JobFailed,
    JobNotFound,
    JobTimedOut,
    JobUnknown,
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

NO_SAMPLE = (JobFailed, JobNotFound, Unprocessable, BadRequest)
"""Verdicts about one sample, which is left out then: the model is trained all the same."""
NO_ANSWER = (JobTimedOut, JobUnknown)
"""Nobody can say what became of a sample: it is left out only where the user says so (`on_doubt="skip"`)."""


def policy(plan: Plan) -> Policy:
    """What a refused task means for the run."""

    def decide(task: Task, key: str, error: BriaError) -> RunError | None:
        if task.over == "prompt" and _is_left_out(error, plan):
            return None
        if isinstance(error, NO_ANSWER):
            return RunPaused(f"{error} It can be left out with on_doubt=skip.", plan.run)
        if task.over == "image" and isinstance(error, BAD_IMAGE):
            if plan.on_bad_image == "skip":
                return None
            return RunPaused(f"{key}: {left_out(error)}", plan.run)
        return RunPaused(str(error), plan.run)

    return decide


def left_out(error: BriaError) -> str:
    """What is wrong with an image, and what can be done about it."""
    return f"{str(error).removesuffix('.')}. It can be left out with on_bad_image=skip."


def _is_left_out(error: BriaError, plan: Plan) -> bool:
    """Whether a sample is given up: a paid one only when the server says that there is none (any more)."""
    gone = isinstance(error, DownloadFailed) and error.gone
    return gone or isinstance(error, NO_SAMPLE) or (isinstance(error, NO_ANSWER) and plan.on_doubt == "skip")
