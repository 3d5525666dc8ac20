"""Errors of requests: nothing was sent, an answer said no, or nobody knows; and the table of statuses."""

from typing import ClassVar

import attrs

from .base import BriaError, Outcome

IN_DOUBT = {
    "safe": "It is safe to try again.",
    "findable": "It may have taken effect: look at the server before sending it again ({look}).",
    "cheap": "It may have taken effect and cost a little, and nothing at the server shows it: send again if need be.",
    "billed": "It may have taken effect and be charged, and nothing at the server shows it: again may be paid twice.",
}
"""What to do after a request whose outcome is unknown, by the effect of its operation."""


@attrs.frozen
class Attempt:
    """One try of a request, as errors keep it and as the hooks of a session are told.

    `number` counts the attempts of a call from 1. `outcome` is None when it succeeded; else `reason` says what it met,
    in words of this library and never of the server, and `status` what was answered, if anything was. `bytes_sent` of
    its body went to the socket; it took `seconds`, and after `wait` seconds another one follows, None for none.
    An UNKNOWN one of a call that is not safe, which another one follows, was perhaps charged.
    """

    operation: str = ""
    effect: str = ""
    number: int = 1
    outcome: Outcome | None = None
    reason: str = ""
    status: int | None = None
    bytes_sent: int = 0
    seconds: float = 0.0
    wait: float | None = None


@attrs.define(slots=False)
class RequestError(BriaError):
    """A request failed; `outcome` tells whether the server may have done it.

    `effect` is what the operation does: `safe`, `findable`, `cheap` or `billed`; `look` where a findable one shows.
    """

    operation: str = ""
    attempts: tuple[Attempt, ...] = ()
    effect: str = ""
    look: str = ""

    @property
    def reason(self) -> str:
        """What happened, in few words and none of the server's."""
        return self.message

    @property
    def in_doubt(self) -> bool:
        """Whether it may have done something that must not be done twice."""
        return self.outcome is Outcome.UNKNOWN and self.effect != "safe"

    def __str__(self) -> str:
        tries = f" (after {len(self.attempts)} attempts)" if len(self.attempts) > 1 else ""
        known = self.outcome is Outcome.UNKNOWN and self.effect in IN_DOUBT
        advice = IN_DOUBT[self.effect].format(look=self.look) if known else self.advice
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
class DeadlinePassed(NotSent):
    """The deadline of the call passed while it waited for its turn: nothing was sent."""

    advice: ClassVar[str] = "Nothing was sent. Give it more time, or send less at once."


@attrs.define(slots=False)
class OutcomeUnknown(RequestError):
    """The request left, no usable answer came: it may or may not have taken effect.

    `status` is that of an answer which began and was not read to its end.
    """

    status: int | None = None
    advice: ClassVar[str] = "It may have taken effect: look at the server before sending it again."


@attrs.define(slots=False)
class TlsFailed(OutcomeUnknown):
    """TLS broke after it had begun, as when the server wants a certificate of the client; never retried."""


@attrs.define(slots=False)
class ServerFailed(OutcomeUnknown):
    """The server answered 408, 425, or 500 and more: whether it acted first is unknown.

    `retry_after` is for how many seconds it asked not to be asked, where stated.
    """

    body: str = ""
    retry_after: float | None = None

    @property
    def reason(self) -> str:
        """The status."""
        return str(self.status)


@attrs.define(slots=False)
class InsufficientResources(ServerFailed):
    """512: the server lacks the resources to process the request (SEED 004)."""

    advice: ClassVar[str] = "It may have taken effect: look before sending it again, with less to do or later."


@attrs.define(slots=False)
class Unreadable(RequestError):
    """An answer came that does not fit the contract; `problems` says where, `body` shows its beginning.

    So is an answer whose status nobody lists (other 1xx and 4xx): it says neither yes nor no.
    """

    status: int | None = None
    body: str = ""
    problems: tuple[str, ...] = ()
    advice: ClassVar[str] = "The server may have acted: look before sending it again."

    @property
    def reason(self) -> str:
        """That it is unreadable."""
        return "unreadable"


@attrs.define(slots=False)
class Refused(RequestError):
    """An answer said no: the server did not do it.

    `status` is the HTTP status, `body` the text (2,000 characters at most, addresses in it as they may be shown),
    `code` the API's own error code, `request_id` the id of a v2 answer.
    """

    status: int = 0
    body: str = ""
    code: str | None = None
    request_id: str | None = None
    outcome: ClassVar[Outcome] = Outcome.REJECTED

    @property
    def reason(self) -> str:
        """The status."""
        return str(self.status)


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
"""Answers that say no, by status; any other 3xx but 303 is `Redirected`."""

FAILURES: dict[int, type[ServerFailed]] = {408: ServerFailed, 425: ServerFailed, 512: InsufficientResources}
"""Failures of the server, by status; any other of 500 and more is `ServerFailed`, any other at all `Unreadable`."""
