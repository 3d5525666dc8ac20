"""Jobs and their results: in v2 known by a request id, in v1 by addresses that fill in later."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import attrs

from .common import OpenEnum, Value

RESULTS = ("image_url", "video_url", "structured_prompt")
"""Fields that tell a result where it is not nested under `result` (published spec of tailored generation)."""


class JobWord(OpenEnum):
    """What the status service says of a job; words beyond these mean that it goes on."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    UNKNOWN = "UNKNOWN"

    @classmethod
    def synonyms(cls) -> dict[str, str]:
        """The word of a public client."""
        return {"failed": "error"}


@attrs.frozen(kw_only=True)
class JobResult(Value):
    """What a v2 job made; which fields are there depends on the operation (published spec)."""

    image_url: str | None = None
    video_url: str | None = None
    seed: int | None = None
    """A number, which examples also print as a text."""
    prompt: str | None = None
    refined_prompt: str | None = None
    structured_prompt: str | None = None
    """JSON encoded as a text."""


def _nested(data: dict[str, Any]) -> dict[str, Any]:
    """The answer with its result under `result`, wherever it came."""
    flat = data.get("result") is None and any(data.get(name) is not None for name in RESULTS)
    return {**data, "result": data} if flat else data


@attrs.frozen(kw_only=True)
class Submission(Value):
    """A v2 request that was accepted: a job under way, or with `sync=True` its result.

    `request_id` alone is enough to wait again from another process; it is empty where an answer with a result
    has none (published spec of tailored generation).
    """

    request_id: str
    status_url: str | None = None
    warning: str | None = None
    result: JobResult | None = None

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Nest a flat result; an answer with a result needs no id."""
        source = _nested(data)
        return source if source.get("result") is None else {"request_id": "", **source}


@attrs.frozen(kw_only=True)
class JobProblem(Value):
    """Why a job failed; `code` is a number or a word (`VALIDATION_ERROR`) (published spec; public pages)."""

    code: str | None = None
    message: str | None = None
    details: str | None = None


@attrs.frozen(kw_only=True)
class JobStatus(Value):
    """The state of a v2 job: HTTP 200 whatever became of it, so `status` decides (published spec)."""

    status: JobWord | None = None
    request_id: str | None = None
    result: JobResult | None = None
    error: JobProblem | None = None

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Nest a flat result."""
        return _nested(data)


@attrs.frozen(kw_only=True)
class Blocked(Value):
    """An output that content moderation stopped (SEED 000)."""

    blocked: bool
    error_code: int | None = None
    description: str | None = None


@attrs.frozen(kw_only=True)
class GeneratedImage(Value):
    """A v1 result: with `sync=False` its addresses fill in later, with zero bytes where moderation stopped
    it.

    `urls` is read from a text or an array (SEED 000, a public client), from `image_url`, or from `image_res`.
    """

    older_names: ClassVar[Mapping[str, str]] = {"image_url": "urls", "image_res": "urls"}

    urls: tuple[str, ...] = ()
    seed: int | None = None
    uuid: str | None = None

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Gather the addresses under one name."""
        found = next((data[name] for name in ("urls", *cls.older_names) if data.get(name)), ())
        return {**data, "urls": tuple(_flat(found))}


@attrs.frozen(kw_only=True)
class GeneratedImages(Value):
    """The results of a v1 generation, in order; moderated ones are `Blocked`."""

    older_names: ClassVar[Mapping[str, str]] = {"urls": "result"}

    result: tuple[Blocked | GeneratedImage, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of all images that were not blocked."""
        return tuple(url for image in self.result if isinstance(image, GeneratedImage) for url in image.urls)

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Flatten nested arrays, and make objects of bare texts: addresses, or the reasons of a block."""
        found = data.get("result") or data.get("urls") or ()
        return {**data, "result": [_item(item) for item in _flat(found)]}


def _flat(found: Any) -> Iterator[Any]:
    if isinstance(found, list | tuple):
        for item in found:
            yield from _flat(item)
    else:
        yield found


def _item(item: Any) -> Any:
    if isinstance(item, str):
        is_address = item.startswith(("https://", "http://"))
        return {"urls": [item]} if is_address else {"blocked": True, "description": item}
    if isinstance(item, dict) and "blocked" in item and not item["blocked"]:
        return {name: value for name, value in item.items() if name != "blocked"}
    return item
