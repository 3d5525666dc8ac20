"""Jobs: what became of an asynchronous request, and waiting for it."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, overload

import attrs

from bria_async import wire
from bria_async.errors import (
    DeadlinePassed,
    DownloadFailed,
    InsufficientData,
    JobError,
    JobFailed,
    JobNotFound,
    JobTimedOut,
    JobUnknown,
    JobUnreachable,
    NotFound,
    NotSent,
    OutcomeUnknown,
    RequestError,
    StillOnboarding,
    TlsFailed,
    Untrusted,
)
from bria_async.host import Host, deadline
from bria_async.types.jobs import (
    Blocked,
    GeneratedImage,
    GeneratedImages,
    JobResult,
    JobStatus,
    JobWord,
    Submission,
)
from bria_async.wire.convert import structure, unstructure
from bria_async.wire.redaction import excerpt, shown

T = TypeVar("T")

log = logging.getLogger("bria_async")

BY_ID = wire.Polling()
"""How a v2 job is waited for."""
BY_URL = wire.Polling(timeout=120.0)
"""How v1 results are waited for: as long as an old client of the API did."""

_PASSING = (OutcomeUnknown, NotSent, InsufficientData)
"""What a look meets while the status service or the way to it is down; any 5xx, and 506 has a class of its own."""


class Jobs(wire.Family):
    """Asynchronous requests and their results."""

    @wire.get("/v2/status/{request_id}")
    async def status(self, request_id: str) -> JobStatus:
        """The state of a v2 job; `wait` asks until it is over.

        A job that failed is an answer like any other: `JobStatus.status` and `JobStatus.error` tell. Polls
        count toward the rate limit.

        Statuses: 404 (unknown or expired id), 500 and above (the status service failed). Source: published
            spec.
        """
        ...

    @overload
    async def wait(self, job: Submission | str, *, polling: wire.Polling | None = None) -> JobResult: ...

    @overload
    async def wait(self, job: GeneratedImages, *, polling: wire.Polling | None = None) -> GeneratedImages: ...

    async def wait(
        self, job: Submission | str | GeneratedImages, *, polling: wire.Polling | None = None
    ) -> JobResult | GeneratedImages:
        """Wait until a job is over, and return its result.

        A status service that fails (any 5xx) or cannot be reached, and addresses that cannot be reached, end no
        wait before its deadline.

        Args:
            job: a v2 submission or its request id (from any process), or the images of a v1 generation, whose
                addresses fill in later. Results that are already there return at once.
            polling: intervals and deadline in seconds. By default looks begin 1 s apart and grow to 60 s; v2
                jobs have 600 s, v1 images 120 s. A look comes before the clock: what is done at the deadline
                is returned.

        Returns:
            The result of a v2 job; or the v1 images, where those that moderation stopped (zero bytes) are
            `Blocked`, in their `raw` too.

        Raises:
            JobFailed: the job's status is ERROR (or FAILED).
            JobUnknown: its status is UNKNOWN; it can be waited for again.
            JobNotFound: the status service does not know it, even after `wire.Polling.grace`.
            JobTimedOut: the deadline passed; it goes on at the server and can be waited for again.
            RequestError: the status service refused to answer, or still failed at the deadline.
            DownloadFailed: there is no way to any of the v1 images: gone (410), a private address, or one that
                cannot be read. A single one of these is `Blocked` among the others.
        """
        if isinstance(job, GeneratedImages):
            return await self._wait_for_urls(job, polling or BY_URL)
        if isinstance(job, str):
            return await self._wait_for_id(job, polling or BY_ID)
        return job.result or await self._wait_for_id(job.request_id, polling or BY_ID)

    async def finish(self, call: wire.Call, polling: wire.Polling | None = None) -> Any:
        """Send a call, and return its answer when its job is over; what `wait=True` does.

        While an image is still being onboarded (205) the call is sent again. A `Submission` comes with its result.

        Raises:
            StillOnboarding: the deadline passed before the image was there.
            JobError: as from `wait`.
            JobUnreachable: the job was accepted, and then could not be asked for.
        """
        answer = await self._onboarded(call, polling or BY_ID)
        drawn = (call.json or call.form or {}).get("sync", False)
        if isinstance(answer, Submission) and answer.result is None:
            about = {"operation": call.operation, "job": answer.request_id}
            log.info("%s: accepted as job %s", call.operation, answer.request_id, extra=about)
            result = await self._accepted(answer.request_id, polling)
            # `raw` is what a journal keeps and `call` prints: a result that was waited for belongs to it.
            return attrs.evolve(answer, result=result, raw={**answer.raw, "result": result.raw})
        return await self._accepted(answer, polling) if isinstance(answer, GeneratedImages) and not drawn else answer

    async def _accepted(self, job: Any, polling: wire.Polling | None) -> Any:
        """Wait for a job that only this call knows of, and lose it by no error."""
        request_id = job if isinstance(job, str) else ""
        try:
            return await self.wait(job, polling=polling)
        except (RequestError, DownloadFailed) as error:
            raise JobUnreachable(error.message, request_id, job) from error
        except JobError:
            raise
        except BaseException as error:
            if request_id:
                error.add_note(f"The job was accepted and goes on: jobs.wait({request_id!r}) waits for it again.")
            else:
                error.add_note("The images were accepted; their addresses: " + " ".join(map(shown, job.urls)))
            raise

    async def _onboarded(self, call: wire.Call, polling: wire.Polling) -> Any:
        met: list[StillOnboarding] = []

        async def look() -> tuple[Any] | None:
            try:
                return (await self._client.send(call),)
            except StillOnboarding as error:
                met.append(error)
                return None

        found = await poll(self._client.host, look, polling)
        if found is None:
            raise met[-1]
        return found[0]

    async def _wait_for_id(self, request_id: str, polling: wire.Polling) -> JobResult:
        host = self._client.host
        known_by = host.monotonic() + polling.grace
        met: list[RequestError] = []

        async def look() -> JobResult | None:
            met.clear()
            try:
                return _outcome(await self.status(request_id), request_id)
            except NotFound:
                if host.monotonic() < known_by:
                    return None
            except DeadlinePassed:
                return None
            except _PASSING as error:
                if isinstance(error, Untrusted | TlsFailed):
                    raise
                about = {"operation": error.operation, "job": request_id, "reason": error.reason}
                log.info("job %s: %s, to be asked again", request_id, error.message, extra=about)
                met.append(error)
                return None
            raise JobNotFound("the status service does not know it", request_id)

        try:
            result = await poll(host, look, polling)
            if result is None and met:
                raise met[0]
        except RequestError as error:
            error.add_note(f"The job goes on: wait for it again with jobs.wait({request_id!r}).")
            raise
        if result is None:
            raise JobTimedOut(f"still in progress {_ended(host, polling)}", request_id, request_id)
        return result

    async def _wait_for_urls(self, images: GeneratedImages, polling: wire.Polling) -> GeneratedImages:
        found: dict[str, bool | DownloadFailed] = {}

        def missing() -> list[str]:
            return [url for url in dict.fromkeys(images.urls) if url not in found]

        async def look() -> GeneratedImages | None:
            urls = missing()
            looks = await asyncio.gather(*map(self._probe, urls))
            found.update((url, seen) for url, seen in zip(urls, looks, strict=True) if seen is not None)
            return None if missing() else _told(images, found)

        if (result := await poll(self._client.host, look, polling)) is None:
            waiting = ", ".join(map(shown, missing()))
            raise JobTimedOut(f"not ready {_ended(self._client.host, polling)}: {waiting}", "", images)
        problems = [problem for problem in found.values() if isinstance(problem, DownloadFailed)]
        if problems and len(problems) == len(found):
            raise problems[0]
        return result

    async def _probe(self, url: str) -> bool | DownloadFailed | None:
        """What a look at an address found; that there is no way to one does not cost the others."""
        try:
            return await self._client.probe(url)
        except DownloadFailed as error:
            return error


async def poll(host: Host, look: Callable[[], Awaitable[T | None]], polling: wire.Polling) -> T | None:
    """Look until there is something, at growing intervals; None when the deadline passed without it.

    A look comes before the clock, and the last one at the deadline itself. A deadline of whoever waits counts too.
    """
    end = math.inf if polling.timeout is None else host.monotonic() + polling.timeout
    for interval in polling.intervals(host.random):
        if (found := await look()) is not None:
            return found
        left = min(end, deadline.get()) - host.monotonic()
        if left <= 0:
            break
        await host.sleep(min(interval, left))
    return None


def _ended(host: Host, polling: wire.Polling) -> str:
    """When a wait ended, in words."""
    return "at its deadline" if deadline.get() <= host.monotonic() else f"after {polling.timeout} s"


def _outcome(status: JobStatus, request_id: str) -> JobResult | None:
    """The result of a job that is done, None while it goes on.

    Raises:
        JobFailed: it failed.
        JobUnknown: the status service cannot tell.
    """
    if status.status is JobWord.COMPLETED:
        return status.result or JobResult(raw=status.raw)
    if status.status is JobWord.ERROR:
        problem = status.error
        if problem is None:
            raise JobFailed("it failed, and no reason was given", request_id)
        message, code, details = (excerpt(text or "") for text in (problem.message, problem.code, problem.details))
        raise JobFailed(message or "it failed", request_id, code or None, details)
    if status.status is JobWord.UNKNOWN:
        raise JobUnknown("the status service answers UNKNOWN", request_id)
    return None


def _told(images: GeneratedImages, found: Mapping[str, bool | DownloadFailed]) -> GeneratedImages:
    """The images as they were found; read from JSON that says so, because `raw` is what a journal keeps."""
    if all(seen is True for seen in found.values()):
        return images
    result = [_held(image, found) for image in images.result]
    told: GeneratedImages = structure({**unstructure(images), "result": result}, type(images))
    return told


def _held(image: GeneratedImage | Blocked, found: Mapping[str, bool | DownloadFailed]) -> dict[str, Any]:
    """The image with the addresses that hold something, or blocked when none does, as JSON."""
    data: dict[str, Any] = unstructure(image)
    if isinstance(image, Blocked):
        return data
    if urls := [url for url in image.urls if found[url] is True]:
        return {**data, "urls": urls}
    failed = next((str(found[url]) for url in image.urls if isinstance(found[url], DownloadFailed)), None)
    return {**data, "blocked": True, "description": failed or "stopped by content moderation: zero bytes"}
