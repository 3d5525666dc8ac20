"""Answers, and the shapes in which the API says no."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from bria_async.sim.schema import Invalid

Shape = Literal["usual", "message", "bare"]


@attrs.frozen
class Answer:
    """A reply before it is bytes: status, JSON body (None is an empty body, bytes are a zip), headers."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = attrs.field(factory=dict)
    form: bool = False
    """Send the body form-encoded instead of as JSON."""


class Refusal(Exception):
    """An answer that says no, raised from wherever the reason is found.

    `shape` is `usual` (v1: `{"error": text}`, v2: the envelope), `message` for `{"message": text}` (DELETE
    model and start_training, published spec) or `bare` for a JSON string (quotas, checkpoints, the state of a
    model, published spec).
    """

    def __init__(
        self, status: int, text: str, shape: Shape = "usual", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, text, shape, headers)
        self.status = status
        self.text = text
        self.shape = shape
        self.headers = headers or {}


def refused(refusal: Refusal, *, v2: bool, request_id: str, bare: bool = False) -> Answer:
    """The refusal in the shape of its generation of endpoints; `bare` is a JSON string whatever its own shape."""
    body: Any = {"error": refusal.text}
    if v2:
        body = _envelope(refusal.status, refusal.text, "", request_id)
    elif bare or refusal.shape == "bare":
        body = refusal.text
    elif refusal.shape == "message":
        body = {"message": refusal.text}
    return Answer(refusal.status, body, refusal.headers)


def invalid(verdict: Invalid, *, v2: bool, request_id: str) -> Answer:
    """Fields that do not fit: v1 as the published sample of start_training, v2 as a 422 (unknown: chosen)."""
    if v2:
        details = "; ".join(f"{problem.field_name}: {problem.msg}" for problem in verdict.problems)
        return Answer(422, _envelope(422, "The request is not valid", details, request_id))
    return Answer(400, {"errors": [attrs.asdict(problem) for problem in verdict.problems]})


def _envelope(status: int, text: str, details: str, request_id: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": text, "details": details}, "request_id": request_id}
