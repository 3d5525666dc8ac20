"""Jobs and their results: in v2 known by a request id, in v1 by addresses that fill in later."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

import attrs

from bria_async.errors import JobError, JobFailed

from .common import OpenEnum, Value, is_address

RESULTS = frozenset(("image_url", "video_url", "mask_url", "structured_prompt", "structured_instruction"))
"""Fields that tell a result where it is not nested under `result` (published spec of tailored generation)."""

_LAST_SEGMENT = re.compile(r"https?://[^/?#]+/(?:[^?#]*/)?([^/?#]+)")


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
    mask_url: str | None = None
    url: str | None = None
    """What webhooks may have instead (a public client)."""
    seed: int | None = None
    """A number, which examples also print as a text."""
    prompt: str | None = None
    refined_prompt: str | None = None
    structured_prompt: str | None = None
    """JSON encoded as a text."""
    structured_instruction: str | None = None
    """JSON encoded as a text."""

    @property
    def address(self) -> str:
        """The address of the image, the video or the mask that was made.

        Raises:
            JobFailed: it made none of them, as structured prompts do not.
        """
        if found := self.image_url or self.video_url or self.mask_url or self.url:
            return found
        raise JobFailed("it made no image, video or mask")


@attrs.frozen(kw_only=True)
class ResultImage(Value):
    """The address of one image that was made at once; `sid` takes an edit of a visual on to the next (SEED 004)."""

    older_names: ClassVar[Mapping[str, str]] = {"url": "result_url"}

    result_url: str | None = None
    sid: str | None = None
    seed: int | None = None


def _nested(data: dict[str, Any]) -> dict[str, Any]:
    """The answer with its result under `result`, wherever it came."""
    if RESULTS.isdisjoint(data) or data.get("result") is not None:
        return data
    return {**data, "result": data} if any(data.get(name) is not None for name in RESULTS) else data


@attrs.frozen(kw_only=True)
class Submission(Value):
    """A v2 request that was accepted: a job under way, or with `sync=True` its result.

    `request_id` alone is enough to wait again from another process; where an answer has none it is the last
    segment of `status_url`, and empty where there is only a result (published spec of tailored generation).
    """

    request_id: str
    status_url: str | None = None
    warning: str | None = None
    result: JobResult | None = None

    @property
    def address(self) -> str:
        """The address of the image, the video or the mask that was made.

        Raises:
            JobError: the job is still under way; `jobs.wait`, or `wait=True`, gets its result.
            JobFailed: it made none of them.
        """
        if self.result is None:
            raise JobError("it is still under way", self.request_id)
        return self.result.address

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Nest a flat result, and look for the id where else it may be; an answer with a result needs none.

        An error accepts nothing, whatever its status: such an answer cannot be read.
        """
        source = _nested(data)
        request_id = source.get("request_id") or _last_segment(source.get("status_url"))
        if source.get("result") is not None or (request_id and source.get("error") is None):
            return {**source, "request_id": request_id}
        return {name: value for name, value in source.items() if name != "request_id"}


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
        """Nest a flat result, and take a reason given as a bare text for its message."""
        error = data.get("error")
        return _nested({**data, "error": {"message": error}} if isinstance(error, str) else data)


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

    `urls` is read from a text or an array (SEED 000, a public client), from `image_url`, `image_res`, or `url`.
    """

    older_names: ClassVar[Mapping[str, str]] = {"image_url": "urls", "image_res": "urls", "url": "urls"}

    urls: tuple[str, ...] = ()
    seed: int | None = None
    uuid: str | None = None
    name: str | None = None
    """The name of its file (SEED 004)."""

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Gather the addresses under one name."""
        found = next((data[name] for name in ("urls", *cls.older_names) if data.get(name)), ())
        return {**data, "urls": tuple(_flat(found))}


@attrs.frozen(kw_only=True)
class GeneratedImages(Value):
    """The results of a v1 generation, in order; moderated ones are `Blocked`."""

    older_names: ClassVar[Mapping[str, str]] = {"urls": "result"}

    result: tuple[Blocked | GeneratedImage, ...]
    redirected: bool = False
    """The model version asked for is gone, and the newest one drew (status 209, SEED 004)."""

    @property
    def images(self) -> tuple[GeneratedImage, ...]:
        """The results that were not blocked."""
        return tuple(image for image in self.result if isinstance(image, GeneratedImage))

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of all images that were not blocked."""
        return tuple(url for image in self.images for url in image.urls)

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Flatten nested arrays, and make objects of `[url, seed, name]`, of bare addresses, and of the texts that
        stand for blocked results (SEED 004, a public client); an answer that is a result itself is the only one, and
        one without any tells nothing: it cannot be read.
        """
        alone = any(data.get(name) for name in GeneratedImage.older_names)
        found = data.get("result") or data.get("urls") or (data if alone else data.get("result"))
        return data if found is None else {**data, "result": [_item(item) for item in _results(found)]}


def _last_segment(address: Any) -> str:
    found = _LAST_SEGMENT.match(address) if isinstance(address, str) else None
    return unquote(found[1]) if found else ""


def _flat(found: Any) -> Iterator[Any]:
    if isinstance(found, list | tuple):
        for item in found:
            yield from _flat(item)
    else:
        yield found


def _results(found: Any) -> Iterator[Any]:
    """The results in an array of any depth, in which `[url, seed, name]` is one of them."""
    if not isinstance(found, list | tuple):
        yield found
    elif len(found) > 1 and is_address(found[0]) and _is_seed(found[1]):
        yield dict(zip(("urls", "seed", "name"), found, strict=False))
    else:
        for item in found:
            yield from _results(item)


def _item(item: Any) -> Any:
    if isinstance(item, str):
        return {"urls": [item]} if is_address(item) else {"blocked": True, "description": item}
    if isinstance(item, dict) and "blocked" in item and not item["blocked"]:
        return {name: value for name, value in item.items() if name != "blocked"}
    return item


def _is_seed(item: Any) -> bool:
    return item is None or isinstance(item, int) or (isinstance(item, str) and item.isdigit())
