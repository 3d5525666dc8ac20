"""Errors of jobs, of their results, and of image files."""

from typing import Any, ClassVar

import attrs

from .base import BriaError, Outcome
from .requests import Attempt


@attrs.define(slots=False)
class JobError(BriaError):
    """An asynchronous job did not end well; `request_id` is all that is needed to look again."""

    request_id: str = ""
    advice: ClassVar[str] = "It can be waited for again with jobs.wait."

    def __str__(self) -> str:
        job = f"job {self.request_id}: " if self.request_id else ""
        return f"{job}{self.message}. {self.advice}".rstrip()


@attrs.define(slots=False)
class JobFailed(JobError):
    """The job's status is ERROR (or FAILED); `code` and `details` as the API gave them."""

    code: str | None = None
    details: str = ""
    advice: ClassVar[str] = ""


@attrs.define(slots=False)
class JobNotFound(JobError):
    """The status service still knows no such job after the grace time: unknown or expired id."""

    advice: ClassVar[str] = "Status records expire: its result may exist all the same."


@attrs.define(slots=False)
class JobUnknown(JobError):
    """The status service says UNKNOWN: neither done nor failed."""


@attrs.define(slots=False)
class JobTimedOut(JobError):
    """The deadline passed with the job still in progress; it goes on at the server.

    `job` is what `jobs.wait` takes to wait again: the request id, or the images of a v1 generation.
    """

    job: Any = attrs.field(default=None, repr=False)


@attrs.define(slots=False)
class JobUnreachable(JobError):
    """A job was accepted, and what became of it could not be asked; `job` as in `JobTimedOut`."""

    job: Any = attrs.field(default=None, repr=False)
    advice: ClassVar[str] = "It was accepted and may be charged: wait for it with jobs.wait, do not send it again."


@attrs.define(slots=False)
class WebhookInvalid(BriaError):
    """A request that says it is a webhook of the API did not come from it, or cannot be read."""

    advice: ClassVar[str] = "Do not act on it."

    def __str__(self) -> str:
        return f"webhook: {self.message}. {self.advice}"


@attrs.define(slots=False)
class DownloadFailed(BriaError):
    """A result could not be downloaded; `url` has its query cut off, `status` is the last answer's.

    `gone` is a verdict that asking again does not change: the result is not or no longer there, was moderated,
    or is larger than allowed. Without it the failure may pass: the connection, the server, or this machine.
    `attempts` is empty when nothing was attempted.
    """

    url: str = ""
    status: int | None = None
    gone: bool = False
    attempts: tuple[Attempt, ...] = ()

    def __str__(self) -> str:
        return f"download of {self.url}: {self.message}"


@attrs.define(slots=False)
class UploadFailed(DownloadFailed):
    """A file could not be put to a presigned URL; fields as in `DownloadFailed`, `gone` when it takes none."""

    def __str__(self) -> str:
        return f"upload to {self.url}: {self.message}"


@attrs.define(slots=False)
class ImageError(BriaError):
    """An image file cannot be used; `path` is the file, `code` the reason in a word or two, such as `too-large`.

    Nothing was sent, or nothing of what was sent counts: `outcome` is `NOT_SENT`, whoever found it.
    """

    path: str = ""
    code: str = "unreadable"
    outcome: ClassVar[Outcome] = Outcome.NOT_SENT  # a body that ends too early is no request

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@attrs.define(slots=False)
class ImageChanged(ImageError):
    """The file changed between its check and its upload."""

    code: str = "changed"
