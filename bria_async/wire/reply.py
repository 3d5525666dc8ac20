"""An answer as a value, and what it means: a typed value or a named error.

The API has at least six shapes of error bodies (SEED 003, SEED 004, published spec; public clients):
`{"error": text}`, a bare JSON string, `{"message": text}`, `{"errors": [{"msg", "field_name",
"field_input"}]}`, `{"error_code", "description"}`, and bodies that are empty or no JSON; v2 wraps `{"error":
{"code", "message", "details"}, "request_id"}`. One tolerant reader takes them all and never raises.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import attrs

from bria_async.errors import (
    FAILURES,
    REFUSALS,
    RateLimited,
    Redirected,
    Refused,
    ServerFailed,
    Unreadable,
)
from bria_async.types.common import is_address

from .call import Call
from .convert import ConversionError, structure
from .parsing import parsed
from .redaction import excerpt
from .retry import moment, retry_after

ZIP = b"PK\x03\x04"
"""How a zip begins."""

BRIEF = 200
"""How much of a body stands for a message, in characters."""


@attrs.define  # not frozen: nobody changes it, and it takes half of the time to make
class Reply:
    """Status, headers and body of an answer; nothing of the request, so nothing of the token."""

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the server says that it did it; some statuses of the success class say that it did not."""
        return 200 <= self.status < 300 and self.status not in REFUSALS  # noqa: PLR2004  # success; members of HTTPStatus compare slowly

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes are."""
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str:
        """A header, whatever the case of its name; empty when it is not there."""
        if (found := self.headers.get(name)) is not None:
            return found
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")

    def value(self, call: Call) -> Any:
        """The typed answer of a successful reply.

        Raises:
            Unreadable: the body is not what this operation answers.
        """
        if call.endpoint.answer is type(None):
            return None
        try:
            data = self.data()
            if (mark := call.endpoint.marks.get(self.status)) and isinstance(data, dict):
                data = {**data, mark: True}
            return structure(data, call.endpoint.answer)
        except ConversionError as error:
            problem = excerpt(str(error))
        except ValueError as error:
            problem = f"not JSON: {error}"
        summary = f"{self.status} answered with a body that cannot be read ({problem})"
        about = (call.operation, (), call.endpoint.effect, call.endpoint.look, self.status, excerpt(self.text))
        raise Unreadable(summary, *about, (problem,))

    def data(self) -> Any:
        """The body as JSON values.

        An answer of 2024 may be form-encoded (SEED 003); a zip comes as `{"content": bytes}`, and a bare address
        as `{"url": text}` (SEED 004).
        """
        if self.header("Content-Type").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode("utf-8")))
        if self.body.startswith(ZIP):
            return {"content": self.body}
        data = parsed(self.body) if self.body else {}
        return {"url": data} if is_address(data) else data

    def refuse(self, call: Call, now: float) -> NoReturn:
        """Raise the error that a reply beyond success stands for.

        A pause until a date is counted from the reply's own `Date`; without one from `now`, in seconds since 1970.
        """
        found = read_error(self.body)
        words = found.message or _phrase(self.status)
        message = f"{self.status} {words}"
        about = (call.operation, (), call.endpoint.effect, call.endpoint.look, self.status, excerpt(self.text))
        kind = kind_of(self.status)
        if issubclass(kind, Unreadable):
            raise kind(message, *about, (f"{self.status} says neither yes nor no",))
        pause = retry_after(self.header("Retry-After"), moment(self.header("Date")) or now)
        if issubclass(kind, ServerFailed):
            raise kind(message, *about, pause)
        if issubclass(kind, RateLimited):
            raise kind(message, *about, found.code, found.request_id, pause)
        raise kind(message, *about, found.code, found.request_id)


def kind_of(status: int) -> type[ServerFailed | Refused | Unreadable]:
    """What a reply beyond success is, by the tables of `errors`: a status that nobody lists is no answer."""
    if status in REFUSALS:
        return REFUSALS[status]
    if status in FAILURES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return FAILURES.get(status, ServerFailed)
    redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return Redirected if redirect and status != HTTPStatus.SEE_OTHER else Unreadable  # 303 follows something done


@attrs.frozen
class ErrorBody:
    """What an error body says, cut to what people read: a message, a code and a request id where there is one."""

    message: str = attrs.field(default="", converter=excerpt)
    code: str | None = attrs.field(default=None, converter=attrs.converters.optional(excerpt))
    request_id: str | None = attrs.field(default=None, converter=attrs.converters.optional(excerpt))


def read_error(body: bytes) -> ErrorBody:
    """Read an error body of any known shape; an unknown one gives its beginning as the message."""
    text = body.decode("utf-8", "replace").strip()
    try:
        data = parsed(text)
    except ValueError:
        return ErrorBody("" if text.startswith("<") else excerpt(text, BRIEF))
    if isinstance(data, str):
        return ErrorBody(data)
    if not isinstance(data, dict):
        return ErrorBody(excerpt(text, BRIEF))
    return _read_object(data, text)


def _read_object(data: dict[str, Any], text: str) -> ErrorBody:
    request_id = data.get("request_id")
    error = data.get("error")
    if isinstance(error, dict):
        parts = [str(error[key]) for key in ("message", "details") if error.get(key)]
        return ErrorBody(": ".join(parts), _text(error.get("code")), _text(request_id))
    if isinstance(data.get("errors"), list):
        return ErrorBody("; ".join(_field_error(item) for item in data["errors"]), None, _text(request_id))
    for key in ("error", "message", "description", "detail", "status"):
        if data.get(key):
            return ErrorBody(str(data[key]), _text(data.get("error_code")), _text(request_id))
    return ErrorBody(excerpt(text, BRIEF), _text(data.get("error_code")), _text(request_id))


def _field_error(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    return f"{item.get('field_name', '?')}: {item.get('msg', '?')} (got {item.get('field_input')!r})"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no reason given)"
