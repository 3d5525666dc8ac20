"""The root of all errors, and those of a setup that cannot work."""

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
    outcome: ClassVar[Outcome] = Outcome.NOT_SENT

    def __str__(self) -> str:
        return f"{self.operation}: {self.message}. {self.advice}"
