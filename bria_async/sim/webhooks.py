"""Webhooks: what became of a v2 job, posted and signed, to whoever asked on this machine.

Facts from a public client of the API (NOTES section 1): headers `Bria-Webhook-Id` (the request id), `-Timestamp`
(seconds) and `-Signature` (`v1=` and base64), an answer within 10 s, 5 attempts over 45 minutes, at least once.
Unknown, chosen: the moments of the attempts, that any 2xx is an answer, and the body: that of `jobs.status`.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
from collections import deque
from typing import Literal

import aiohttp
import attrs
from yarl import URL

from bria_async.sim import jobs
from bria_async.sim.entities import Job
from bria_async.sim.routes import Call

ATTEMPTS = (0.0, 60.0, 300.0, 900.0, 2700.0)
"""Seconds from the end of a job to each attempt."""
_PATIENCE = aiohttp.ClientTimeout(total=10)
_PURPOSE = b"bria-webhook-signing-v1"
_HEARD = range(200, 300)
_REMEMBERED = 10_000


def signature(token: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    """The value of `Bria-Webhook-Signature`."""
    key = hmac.digest(token.encode(errors="surrogateescape"), _PURPOSE, hashlib.sha256)
    message = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1=" + base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()


@attrs.define(kw_only=True, eq=False)
class Delivery:
    """One webhook: where it goes, when, and what was answered to each attempt so far (0 is no answer)."""

    request_id: str
    url: str
    due: float
    """When the next attempt is made, on the simulator's clock."""
    answers: list[int] = attrs.field(factory=list)
    state: Literal["waiting", "sending", "delivered", "given up", "undeliverable"] = "waiting"
    """`undeliverable` is a URL that does not lead to this machine: the simulator reaches nothing else."""
    call: Call | None = attrs.field(repr=False)
    """The call that asked for it, which knows the token; forgotten with the last attempt."""


class Webhooks:
    """The deliveries under way, in memory only: a restart forgets them, and the token with them."""

    def __init__(self) -> None:
        self.deliveries: deque[Delivery] = deque(maxlen=_REMEMBERED)
        """The most recent deliveries, over or not, oldest first."""
        self._tasks: set[asyncio.Task[None]] = set()

    def expect(self, call: Call, job: Job) -> None:
        """Deliver what becomes of a job once it is over, if its caller asked for that."""
        if job.webhook_url is None:
            return
        here = _loopback(job.webhook_url)
        self.deliveries.append(
            Delivery(
                request_id=job.id,
                url=job.webhook_url,
                due=job.ready_at,
                state="waiting" if here else "undeliverable",
                call=call if here else None,
            )
        )

    def notice(self, now: float) -> None:
        """Begin every attempt that is due."""
        for delivery in self.deliveries:
            if delivery.state == "waiting" and delivery.call is not None and delivery.due <= now:
                delivery.state = "sending"
                task = asyncio.create_task(_attempt(delivery, attrs.evolve(delivery.call, now=now)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def settle(self, now: float) -> None:
        """Make every attempt that is due, and wait for the answers."""
        self.notice(now)
        while self._tasks:
            await asyncio.wait(self._tasks)
            self.notice(now)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _loopback(url: str) -> bool:
    try:
        parsed = URL(url)
        host = parsed.host or ""
        return parsed.scheme in {"http", "https"} and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


async def _attempt(delivery: Delivery, call: Call) -> None:
    """Post once; afterwards the delivery is over, or its next attempt is due."""
    job = call.world.jobs[delivery.request_id]
    body = json.dumps(jobs.report(call, job)).encode()
    timestamp = str(int(call.now))
    headers = {
        "Content-Type": "application/json",
        "Bria-Webhook-Id": job.id,
        "Bria-Webhook-Timestamp": timestamp,
        "Bria-Webhook-Signature": signature(call.token, job.id, timestamp, body),
    }
    delivery.answers.append(await _posted(delivery.url, body, headers))
    if delivery.answers[-1] in _HEARD:
        delivery.state, delivery.call = "delivered", None
    elif len(delivery.answers) == len(ATTEMPTS):
        delivery.state, delivery.call = "given up", None
    else:
        delivery.state, delivery.due = "waiting", job.ready_at + ATTEMPTS[len(delivery.answers)]


async def _posted(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer, 0 without one; redirects are not followed."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as http,
            http.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            return response.status
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return 0
