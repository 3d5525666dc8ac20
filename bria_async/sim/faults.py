"""Faults on demand: what a caller of the simulator can make go wrong, and when."""

import json
import re
from typing import Any, Literal

import attrs

When = Literal["before", "after"]
_LOWEST, _HIGHEST = 200, 599
_LONGEST = 86_400
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SERVERS_OWN = {"content-length", "transfer-encoding", "date"}


@attrs.define(kw_only=True)
class Fault:
    """Something that goes wrong with the calls of one operation.

    It strikes `times` calls after letting `after` pass, counting only calls that came as far as their
    handler (token, rate and body were right) and that `match`: a string found in the path or in any field
    of the input, such as a file name or a prompt.

    `when="before"`: nothing is done. `when="after"`: the effect happens, the reply is lost or replaced.
    The reply is `status` with `body` (any JSON; a text under a `Content-Type` that is not JSON goes as it is) and
    `headers`, or the connection is dropped (`drop`) or kept open without a word (`hang`). With `delay` the server
    works on it for so many seconds of its loop, whether its caller is still there or not; alone, the call is slow
    and nothing else.
    """

    operation: str
    status: int | None = None
    times: int = 1
    after: int = 0
    when: When = "before"
    body: Any = None
    headers: dict[str, str] = attrs.field(factory=dict)
    drop: bool = False
    hang: bool = False
    delay: float = 0.0
    match: str | None = None

    def __attrs_post_init__(self) -> None:
        chosen = [self.status is not None, self.drop, self.hang]
        if sum(chosen) > 1 or not (any(chosen) or self.delay):
            raise ValueError("a fault has a status, drops, hangs, or has a delay: one of the first three at most")
        if not 0 <= self.delay <= _LONGEST:
            raise ValueError(f"a fault delays its call by 0 to {_LONGEST} seconds")
        if self.status is not None and not _LOWEST <= self.status <= _HIGHEST:
            raise ValueError(f"a fault has a status from {_LOWEST} to {_HIGHEST}, not {self.status}")
        if self.when not in {"before", "after"}:
            raise ValueError(f"a fault strikes 'before' or 'after' the effect, not {self.when!r}")
        if self.times < 1 or self.after < 0:
            raise ValueError("a fault strikes at least once, after no fewer than 0 calls")
        self._check_answer()

    def _check_answer(self) -> None:
        """Refuse what HTTP or JSON cannot say before a call is struck by it."""
        if not all(_NAME.fullmatch(name) and value.isprintable() for name, value in self.headers.items()):
            raise ValueError("a fault has headers of one line each, with names of HTTP")
        if _SERVERS_OWN & {name.lower() for name in self.headers}:
            raise ValueError("a fault leaves the length and the date of its answer to the server")
        try:
            json.dumps(self.body, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError):
            raise ValueError("a fault has a body of JSON, without infinity or NaN") from None

    @property
    def only_slow(self) -> bool:
        """Whether the call is answered as ever, only later."""
        return self.status is None and not self.drop and not self.hang


class Faults:
    """The faults that are still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Arm a fault."""
        self._waiting.append(fault)

    def take(self, operation: str, texts: tuple[str, ...]) -> Fault | None:
        """The fault that strikes this call, if any; `texts` are its path and the strings of its input."""
        for fault in self._waiting:
            if fault.operation != operation:
                continue
            if fault.match is not None and not any(fault.match in text for text in texts):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            if not fault.times:
                self._waiting.remove(fault)
            return fault
        return None

    def __len__(self) -> int:
        return len(self._waiting)
