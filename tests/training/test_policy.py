"""What a refused step means for the run."""

from typing import Any

import pytest

from bria_async.errors import (
    BriaError,
    Conflict,
    DownloadFailed,
    ImageError,
    JobFailed,
    JobTimedOut,
    JobUnknown,
    Unauthorized,
    Unprocessable,
)
from bria_async.training import Plan
from bria_async.training.lifecycle import complete, sample, submission, upload
from bria_async.training.policy import policy

from .test_plan import WORKS

PASSING = DownloadFailed("the connection was reset", "http://127.0.0.1/x", None)
GONE = DownloadFailed("answered 403", "http://127.0.0.1/x", 403, True)


@pytest.mark.fault("N15")
@pytest.mark.parametrize(
    ("task", "error", "fields", "left_out"),
    [
        (upload, ImageError("x", "p"), {}, False),
        (upload, ImageError("x", "p"), {"on_bad_image": "skip"}, True),
        (upload, Unprocessable("422", "images.upload", status=422), {"on_bad_image": "skip"}, True),
        (upload, Conflict("409 full", "images.upload", status=409), {"on_bad_image": "skip"}, False),
        (complete, Unauthorized("401", "datasets.update", status=401), {"on_bad_image": "skip"}, False),
        (sample, PASSING, {"on_doubt": "skip"}, False),
        (sample, GONE, {}, True),
        (sample, JobFailed("moderated", "r"), {}, True),
        (sample, JobTimedOut("late", "r"), {}, False),
        (sample, JobTimedOut("late", "r"), {"on_doubt": "skip"}, True),
        (sample, JobUnknown("who knows", "r"), {"on_doubt": "skip"}, True),
        (submission, Unprocessable("422", "tailored.generate", status=422), {}, True),
    ],
)
def test_verdicts(task: Any, error: BriaError, fields: dict[str, Any], left_out: bool) -> None:
    """One image or sample is left out on a verdict about it; everything else stops the run where it can go on."""
    stop = policy(Plan(**{**WORKS, **fields}))(task, "key", error)
    assert (stop is None) == left_out, stop
