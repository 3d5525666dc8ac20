"""The front object: a session with one family of coroutine methods after the other."""

from __future__ import annotations

import functools
import math
import os
from collections import UserDict
from collections.abc import Coroutine, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bria_async.errors import ConfigurationError
from bria_async.host import Host
from bria_async.transport.auth import PinnedToken, origin_of
from bria_async.transport.limit import Limiter, Rates, shared
from bria_async.wire.retry import CallHook, Hook, OnDoubt, RetryPolicy, Rules
from bria_async.wire.secret import Secret

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

    import aiohttp

    from bria_async.api.ads import Ads
    from bria_async.api.attribution import Attribution
    from bria_async.api.datasets import Datasets
    from bria_async.api.editing import Editing
    from bria_async.api.generation import Generation
    from bria_async.api.images import Images
    from bria_async.api.jobs import Jobs
    from bria_async.api.models import Models
    from bria_async.api.products import Products
    from bria_async.api.projects import Projects
    from bria_async.api.search import Search
    from bria_async.api.tailored import Tailored
    from bria_async.api.vehicles import Vehicles
    from bria_async.api.video import Video
    from bria_async.api.visuals import Visuals
    from bria_async.transport.client import HttpClient
    from bria_async.wire import Call, Family, Polling

BASE_URL = "https://engine.prod.bria-api.com"
"""The only documented host (published spec, SEED 004); there is no test host."""

REQUEST_TIMEOUT = 120.0
"""Seconds that one request may take in all, beyond the time for its body."""


class _Families(UserDict[str, Any]):
    """Attribute of the session -> family of operations, imported when it is asked for: a program needs few of them,
    and with all of them a session took 1.6 times as long to import.
    """

    def __getitem__(self, name: str) -> type[Family]:
        """The family of this name."""
        if isinstance(home := self.data[name], str):
            self.data[name] = getattr(import_module(f"bria_async.api.{name}"), home)
        family: type[Family] = self.data[name]
        return family


FAMILIES: Mapping[str, type[Family]] = _Families(
    projects="Projects",
    datasets="Datasets",
    images="Images",
    models="Models",
    tailored="Tailored",
    generation="Generation",
    editing="Editing",
    products="Products",
    vehicles="Vehicles",
    visuals="Visuals",
    video="Video",
    ads="Ads",
    attribution="Attribution",
    search="Search",
    jobs="Jobs",
)


@functools.cache
def _operations() -> frozenset[str]:
    return frozenset(f"{name}.{each}" for name, family in FAMILIES.items() for each in family.endpoints)


class Session:
    """A session with the API: `async with Session() as bria: await bria.projects.list()`.

    Args:
        token: the API token; `BRIA_API_TOKEN` when not given. It is sent to the base URL's origin only.
        base_url: scheme and host; `BRIA_BASE_URL` when not given, else the production host. https, or http to
            this machine.
        http: an aiohttp session to borrow for API calls; it is not closed here. Owned and closed when not
            given. Through a borrowed one a call takes some 30 microseconds more: all that aiohttp does for its owner.
        downloads: likewise for addresses that answers name: results, and places for files. It never carries the
            token. Its connector is its owner's: only a pool of our own is kept from private addresses.
        uploads: likewise for files sent to addresses of the caller's own choice, without the token too.
        requests_per_minute: how many requests an endpoint takes a minute (10, 60 or 1000 by plan), as one
            number or by operation, above 0; 2 % are left unused. None sends as fast as asked, with up to 100 requests
            of an endpoint under way, until a 429 tells. Sessions of one origin and token in this process (and on one
            event loop) share the limit, the lowest that one of them was given; what is learned from 429s is shared
            too, and kept for a minute after the last of them.
        retry: how patiently what is safe to repeat is repeated, and the budget of retries that all calls share.
        deadline: seconds that a whole call may take, its turn and its repeats included; None for as long as those
            take. `Session.deadline` gives one to single calls, and to transfers, which have no other.
        on_doubt: what becomes of a call that creates or bills and whose outcome is unknown. "raise" raises
            `OutcomeUnknown` or `Unreadable`, which say where to look (a `cheap` call is sent once more before);
            "resend" sends it again, within the bounds of `retry`, and may pay twice; a function
            `async (error, call)` is asked each time and returns one of these words, or the answer it has found
            at the server (None is "raise"). A run asks nobody: it looks by itself.
        on_attempt: is told of every attempt at a call or a transfer when it is over, with an `Attempt`. Like
            `on_retry` it must not block; what it raises is logged and goes no further.
        on_retry: is told of every attempt that another one follows, before the wait.
        on_call: is given every call and transfer before its turn, as a `Sending`, and returns a context manager,
            which is left when it is over, with the error if it fails: for spans around all its attempts.
        timeout: seconds that one request may take in all; a body adds what it takes at 64 KiB per second, so
            that an image of 12 MB has 192 seconds more, and so does a result that is downloaded.
        strict: check documented ranges and enums before a request leaves; False sends values as given.
        keep_data_uri: send base64 images with their `data:` header rather than without.
        host: clock, sleep and randomness, for simulations.
        limiter: keeps this session to its paces instead of the one that this process shares; such as a `SharedLimiter`.

    Raises:
        ConfigurationError: there is no token, the base URL is not one, a rate is not above 0 or of no operation, or
            `on_doubt` is no word of it.
    """

    projects: Projects
    datasets: Datasets
    images: Images
    models: Models
    tailored: Tailored
    generation: Generation
    editing: Editing
    products: Products
    vehicles: Vehicles
    visuals: Visuals
    video: Video
    ads: Ads
    attribution: Attribution
    search: Search
    jobs: Jobs

    def __init__(
        self,
        token: str | None = None,
        base_url: str | None = None,
        *,
        http: aiohttp.ClientSession | None = None,
        downloads: aiohttp.ClientSession | None = None,
        uploads: aiohttp.ClientSession | None = None,
        requests_per_minute: float | Mapping[str, float] | None = None,
        retry: RetryPolicy | None = None,
        deadline: float | None = None,
        on_doubt: OnDoubt = "raise",
        on_attempt: Hook | None = None,
        on_retry: Hook | None = None,
        on_call: CallHook | None = None,
        timeout: float = REQUEST_TIMEOUT,
        strict: bool = True,
        keep_data_uri: bool = False,
        host: Host | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        secret = Secret(token if token is not None else os.environ.get("BRIA_API_TOKEN", ""))
        del token  # tracebacks may show what locals hold
        self._secret = secret.checked()
        self.base_url = origin_of(base_url or os.environ.get("BRIA_BASE_URL") or BASE_URL)
        self.host = host or Host()
        self.timeout = timeout
        self.strict = strict
        self.keep_data_uri = keep_data_uri
        self.rates = Rates.of(requests_per_minute, _operations() if isinstance(requests_per_minute, Mapping) else ())
        self._clock = host
        self._limiter = limiter
        self._rules = Rules(
            host=self.host,
            policy=retry or RetryPolicy(),
            deadline=math.inf if deadline is None else deadline,
            on_doubt=on_doubt,
            on_attempt=on_attempt,
            on_retry=on_retry,
            on_call=on_call,
        )
        self._http = http
        self._downloads = downloads
        self._uploads = uploads
        self._owned: list[aiohttp.ClientSession] = []
        self._client: HttpClient | None = None

    if not TYPE_CHECKING:  # type checkers know the families by their annotations, and no other names

        def __getattr__(self, name: str) -> Family:
            """A family, when it is first used."""
            if name not in FAMILIES:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            family = vars(self)[name] = FAMILIES[name](self)
            return family

    def __dir__(self) -> list[str]:
        """The families too."""
        return [*super().__dir__(), *FAMILIES]

    def __repr__(self) -> str:
        """Where it talks to; never the token."""
        made = vars(self)  # a traceback may show one that could not be made
        return f"Session({str(made.get('base_url', ''))!r}, {'open' if made.get('_client') else 'closed'})"

    async def __aenter__(self) -> Self:
        """Open the pools of connections."""
        import aiohttp  # noqa: PLC0415  # not imported before somebody connects

        from bria_async.transport.client import HttpClient  # noqa: PLC0415  # as above
        from bria_async.transport.download import Downloads  # noqa: PLC0415  # as above
        from bria_async.transport.guard import connector_for  # noqa: PLC0415  # as above

        # A borrowed session may send its owner's headers along: nobody else's server gets to see them.
        http = self._http or self._own(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        uploads = self._uploads or self._own(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        downloads = self._downloads or self._own(
            aiohttp.ClientSession(connector=connector_for(self.base_url.host), cookie_jar=aiohttp.DummyCookieJar())
        )
        limiter = self._limiter or shared(str(self.base_url), self._secret, self.rates, self._clock)
        limiter.lower(self.rates)
        self._client = HttpClient(
            host=self.host,
            origin=self.base_url,
            http=http,
            uploads=uploads,
            token=PinnedToken(self._secret, self.base_url),
            downloads=Downloads(downloads, self.timeout, self._rules),
            limiter=limiter,
            rules=self._rules,
            timeout=self.timeout,
            strict=self.strict,
            keep_data_uri=self.keep_data_uri,
            borrowed=self._http is not None,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is owned; borrowed sessions stay open."""
        self._client = None
        while self._owned:
            await self._owned.pop().close()

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """Give what is done inside, with all its repeats and waiting, so many seconds: `with bria.deadline(30): ...`.

        A call that runs out of time ends with what it met last, or with `DeadlinePassed` when its turn never came;
        a transfer with `DownloadFailed` or `UploadFailed`, a `probe` with None; waiting for a job, or for the addresses
        of v1 images, with `JobTimedOut`. Of several deadlines the earliest counts. `asyncio.timeout` ends a
        call too, but cannot tell what became of it.
        """
        return self.host.within(seconds)

    def send(self, call: Call) -> Coroutine[Any, Any, Any]:
        """Send a call made by an endpoint, and return its typed answer."""
        client = self._connected()
        return client.send(call) if self._rules.on_call is None else client.send_told(call)

    async def finish(self, call: Call, polling: Polling | None) -> Any:
        """Send a call whose job takes its time, and return its answer when the job is over."""
        return await self.jobs.finish(call, polling)

    async def fetch(self, url: str) -> bytes:
        """The bytes of a result, without the token; `download` takes larger ones to a file.

        Raises:
            DownloadFailed: not there (any more), empty (moderated), above 64 MB, or it kept failing.
        """
        return await self._connected().fetch(url)

    async def probe(self, url: str) -> bool | None:
        """Whether a result is there: None while it is not, False when it is empty, because moderation stopped it.

        Raises:
            DownloadFailed: waiting is in vain: it is gone (410), or there is no way to its address, which cannot
                be read, is a private one, or has a certificate that is not trusted.
        """
        return await self._connected().probe(url)

    async def download(self, url: str, to: str | Path, *, limit: int | None = None) -> Path:
        """Download a result to this path, without the token; the file appears whole or not at all.

        Results live for 3 days, or 1 hour for product shots (public pages; soft): download at once. What has more than
        `limit` bytes, by default 1 GiB, is too large.

        Raises:
            DownloadFailed: not there (any more), empty (moderated), too large, or it kept failing; `gone` tells
                whether asking again is in vain.
        """
        return await self._connected().downloads.fetch(url, Path(to), limit)

    async def put_file(self, url: str, path: str | Path, *, content_type: str) -> None:
        """Put a file to a presigned URL, streamed and without the token.

        Raises:
            UploadFailed: it was not taken.
        """
        await self._connected().put(url, Path(path), content_type)

    async def post_file(self, url: str, path: str | Path, *, fields: Mapping[str, str], content_type: str) -> None:
        """Send a form to a presigned URL, its fields first and then the file, streamed and without the token.

        Raises:
            UploadFailed: it was not taken, or the address is a private one.
            ImageError: the file cannot be read, or changed meanwhile.
        """
        await self._connected().post_file(url, Path(path), fields=fields, content_type=content_type)

    def _own(self, session: aiohttp.ClientSession) -> aiohttp.ClientSession:
        self._owned.append(session)
        return session

    def _connected(self) -> HttpClient:
        if self._client is None:
            raise ConfigurationError("The session is not open: use `async with Session(...) as bria:`.")
        return self._client
