"""Errors of requests: nothing was sent, an answer said no, or nobody knows; and the table of statuses."""

from typing import ClassVar

import attrs

from .base import BriaError, Outcome


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
        message = self.message.removesuffix(".")
        return f"{self.operation}: {message}{tries}. {advice}".rstrip()


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
    """The server answered 500, 502, 503 or 504: whether it acted first is unknown."""

    body: str = ""


@attrs.define(slots=False)
class InsufficientResources(ServerFailed):
    """512: the server lacks the resources to process the request (SEED 004)."""

    advice: ClassVar[str] = "It may have taken effect: look before sending it again, with less to do or later."


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
class StillOnboarding(Refused):
    """205: the image is still being onboarded, there is nothing to answer yet (SEED 004)."""

    advice: ClassVar[str] = "Ask again in some seconds, or with wait=True."


@attrs.define(slots=False)
class FileMissing(Refused):
    """206: neither a file nor an address of one was given (SEED 004)."""


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
    205: StillOnboarding,
    206: FileMissing,
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
"""Answers that say no, by status; any other 3xx is `Redirected`, any other 4xx is plain `Refused`."""

FAILURES: dict[int, type[ServerFailed]] = {512: InsufficientResources}
"""Failures of the server with a class of their own; any other status of 500 and more is `ServerFailed`."""
