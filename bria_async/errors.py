"""Every exception of the library: one root, and the table from a status to a class.

Four questions sort what can go wrong with a request. Was it us (`ConfigurationError`, `InvalidParameter`)?
Did nothing reach the server (`NotSent`)? Did an answer say no (`Refused`)? Do we not know (`OutcomeUnknown`,
and `Unreadable` when an answer came that nobody can read)? The rest concerns jobs, runs and files.

All classes take positional fields, have no slots and pickle with their notes, so that they survive a process
pool or a distributed engine. None of them ever holds a token, a header or an aiohttp object.
"""

import enum
from typing import ClassVar

import attrs


class Outcome(enum.Enum):
    """What a failed request means for the server's state."""

    NOT_SENT = "not sent"
    """Nothing left this machine: safe to repeat."""
    REJECTED = "rejected"
    """An answer said no: the server did not do it."""
    UNKNOWN = "unknown"
    """It may have happened: look before repeating."""


@attrs.define(slots=False)
class BriaError(Exception):
    """The root of all errors of this library."""

    message: str

    advice: ClassVar[str] = ""
    """What to do next, appended to the message."""
    outcome: ClassVar[Outcome] = Outcome.UNKNOWN
    """What it means for a request that was under way."""

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".rstrip()


@attrs.define(slots=False)
class ConfigurationError(BriaError):
    """The session, a run or the simulator was set up in a way that cannot work."""


@attrs.define(slots=False)
class MissingExtra(ConfigurationError):
    """An optional dependency is needed; the message names the extra to install."""


@attrs.define(slots=False)
class InvalidParameter(BriaError):
    """A parameter is outside its documented range or enum; nothing was sent."""

    operation: str = ""
    advice: ClassVar[str] = "Nothing was sent. Session(strict=False) sends values as given."

    def __str__(self) -> str:
        return f"{self.operation}: {self.message}. {self.advice}"


# --- requests -----------------------------------------------------------------------------------------------


@attrs.frozen
class Attempt:
    """One try of a request: what it met, what it had sent, and how long the wait after it was (seconds)."""

    reason: str
    status: int | None = None
    bytes_sent: int = 0
    waited: float = 0.0


@attrs.define(slots=False)
class RequestError(BriaError):
    """A request failed; `outcome` tells whether the server may have done it, `safe` that it may do it twice."""

    operation: str = ""
    attempts: tuple[Attempt, ...] = ()
    safe: bool = False

    def __str__(self) -> str:
        tries = f" (after {len(self.attempts)} attempts)" if len(self.attempts) > 1 else ""
        harmless = self.safe and self.outcome is Outcome.UNKNOWN
        advice = "It is safe to try again." if harmless else self.advice
        return f"{self.operation}: {self.message}{tries}. {advice}".rstrip()


@attrs.define(slots=False)
class NotSent(RequestError):
    """No connection came about: the server has seen nothing of the request."""

    outcome: ClassVar[Outcome] = Outcome.NOT_SENT
    advice: ClassVar[str] = "Nothing reached the server. Check the address and the network, then try again."


@attrs.define(slots=False)
class Untrusted(NotSent):
    """The server's certificate was not accepted; never retried, and the token was not sent."""

    advice: ClassVar[str] = "Nothing was sent, nor was the token. Check the host name and its certificate."


@attrs.define(slots=False)
class OutcomeUnknown(RequestError):
    """The request left, no usable answer came: it may or may not have taken effect."""

    status: int | None = None
    advice: ClassVar[str] = "It may have taken effect: look at the server before sending it again."


@attrs.define(slots=False)
class ServerFailed(OutcomeUnknown):
    """The server answered 500, 502, 503, 504 or 512: whether it acted first is unknown."""

    body: str = ""


@attrs.define(slots=False)
class Unreadable(RequestError):
    """An answer came that does not fit the contract; `problems` says where, `body` shows its beginning."""

    status: int | None = None
    body: str = ""
    problems: tuple[str, ...] = ()
    advice: ClassVar[str] = "The server may have acted: look before sending it again."


@attrs.define(slots=False)
class Refused(RequestError):
    """An answer said no: the server did not do it.

    `status` is the HTTP status, `body` the raw text (cut at 2,000 characters), `code` the API's own error
    code as it came, `request_id` the id of a v2 answer.
    """

    status: int = 0
    body: str = ""
    code: str | None = None
    request_id: str | None = None
    outcome: ClassVar[Outcome] = Outcome.REJECTED


@attrs.define(slots=False)
class BadRequest(Refused):
    """400: the request is malformed, or a parameter is not accepted."""


@attrs.define(slots=False)
class Unauthorized(Refused):
    """401: the token is missing or wrong."""

    advice: ClassVar[str] = "Set BRIA_API_TOKEN (or Session(token=...)) to a valid token."


@attrs.define(slots=False)
class Forbidden(Refused):
    """403: quota exceeded, or the subscription lacks this feature (SEED 001; published spec)."""

    advice: ClassVar[str] = "Check the subscription and the quota of this token's organisation."


@attrs.define(slots=False)
class NotFound(Refused):
    """404: no such thing, or not one of this organisation."""


@attrs.define(slots=False)
class MethodNotAllowed(Refused):
    """405."""


@attrs.define(slots=False)
class Conflict(Refused):
    """409: the state of the thing forbids it (completed dataset, started training)."""


@attrs.define(slots=False)
class PreconditionFailed(Refused):
    """412: image too small, or dataset not completed."""


@attrs.define(slots=False)
class TooLarge(Refused):
    """413: beyond 12 MB for an image, 5 GB for a zip."""


@attrs.define(slots=False)
class UnsupportedMedia(Refused):
    """415: not jpeg, png or webp."""


@attrs.define(slots=False)
class Unprocessable(Refused):
    """422: not readable as an image, or stopped by content moderation."""


@attrs.define(slots=False)
class RateLimited(Refused):
    """429: more requests than the plan allows in a minute; `retry_after` in seconds, where stated."""

    retry_after: float | None = None
    advice: ClassVar[str] = "Lower the rate (Session(requests_per_minute=...)) or wait a minute."


@attrs.define(slots=False)
class LegallyUnavailable(Refused):
    """451: unavailable for legal reasons."""


@attrs.define(slots=False)
class CannotDownload(Refused):
    """460: the server could not download the given URL."""


@attrs.define(slots=False)
class InsufficientData(Refused):
    """506: the image holds too little for the operation."""


@attrs.define(slots=False)
class Redirected(Refused):
    """3xx: redirects are never followed, because the token would go along."""

    advice: ClassVar[str] = "Check the base URL: API calls follow no redirects."


REFUSALS: dict[int, type[Refused]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    412: PreconditionFailed,
    413: TooLarge,
    415: UnsupportedMedia,
    422: Unprocessable,
    429: RateLimited,
    451: LegallyUnavailable,
    460: CannotDownload,
    506: InsufficientData,
}
"""Statuses with a class of their own; any other 3xx is `Redirected`, any other 4xx is plain `Refused`."""


# --- jobs, results, files -----------------------------------------------------------------------------------


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
    """The deadline passed with the job still in progress; it goes on at the server."""


@attrs.define(slots=False)
class DownloadFailed(BriaError):
    """A result could not be downloaded; `url` has its query cut off, `status` is the last answer's.

    `gone` is a verdict that asking again does not change: the result is not or no longer there, was moderated,
    or is larger than allowed. Without it the failure may pass: the connection, the server, or this machine.
    """

    url: str = ""
    status: int | None = None
    gone: bool = False

    def __str__(self) -> str:
        return f"download of {self.url}: {self.message}"


@attrs.define(slots=False)
class UploadFailed(DownloadFailed):
    """A file could not be put to a presigned URL; fields as in `DownloadFailed`, `gone` when it takes none."""

    def __str__(self) -> str:
        return f"upload to {self.url}: {self.message}"


@attrs.define(slots=False)
class ImageError(BriaError):
    """An image file cannot be used; `path` is the file."""

    path: str = ""
    outcome: ClassVar[Outcome] = Outcome.NOT_SENT  # a body that ends too early is no request

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@attrs.define(slots=False)
class ImageChanged(ImageError):
    """The file changed between its check and its upload."""


# --- runs ---------------------------------------------------------------------------------------------------


@attrs.define(slots=False)
class GraphError(BriaError):
    """The graph itself is wrong: a missing edge, a cycle, an annotation that does not fit."""


@attrs.define(slots=False)
class PlanInvalid(BriaError):
    """The plan cannot work; `problems` has one sentence each. Nothing was created."""

    problems: tuple[str, ...] = ()
    advice: ClassVar[str] = "Nothing was created on the server."

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  - {problem}" for problem in self.problems), self.advice])


@attrs.define(slots=False)
class RunError(BriaError):
    """A run stopped; `run` is its id."""

    run: str = ""


@attrs.define(slots=False)
class RunPaused(RunError):
    """The run stopped where it can go on; everything done so far is safe in its journal."""

    def __str__(self) -> str:
        return f"{self.message} Everything done so far is safe. Continue with: bria-async resume {self.run}"


@attrs.define(slots=False)
class RunFailed(RunError):
    """The run ended for good with this reason; running it again does not repeat what was paid."""


@attrs.define(slots=False)
class RunCancelled(RunPaused):
    """The run was asked to stop."""


@attrs.define(slots=False)
class PlanChanged(RunError):
    """The run exists with another plan; `diff` has one line per difference. Nothing was sent."""

    diff: tuple[str, ...] = ()
    advice: ClassVar[str] = "Nothing was sent. Undo the change to continue this run, or give the new one another name."

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {line}" for line in self.diff), self.advice])


@attrs.define(slots=False)
class JournalError(BriaError):
    """The journal cannot be read or written; nothing is sent without it."""


@attrs.define(slots=False)
class JournalLocked(JournalError):
    """Another process works on this run; the message names it."""


@attrs.define(slots=False)
class JournalTooNew(JournalError):
    """The journal was written by a newer version of this library."""

    advice: ClassVar[str] = "Upgrade bria-async to continue this run; nothing was changed."
