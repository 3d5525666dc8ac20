"""The simulator itself: what happens to a request between the socket and its handler."""

import asyncio
import json
import logging
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import attrs
from aiohttp import web

from bria_async.sim import body
from bria_async.sim.answers import Answer, Refusal, invalid, refused
from bria_async.sim.audit import Audit, audit
from bria_async.sim.clock import Clock
from bria_async.sim.faults import Fault, Faults
from bria_async.sim.limits import Limits
from bria_async.sim.options import Options
from bria_async.sim.routes import Anything, Call, Nothing, Operation, Upload
from bria_async.sim.schema import Invalid, read
from bria_async.sim.webhooks import Webhooks
from bria_async.sim.world import World

_log = logging.getLogger("bria_async.sim")
_REMEMBERED = 10_000
_LIMIT_TEXT = (
    "Request limit exceeded. Your account has reached its maximum allowed requests. "
    "Please upgrade your plan or try again later."
)


@attrs.frozen
class Seen:
    """One request as it was answered; status 0 is none: a fault, or a caller who went away."""

    time: float
    method: str
    path: str
    operation: str
    status: int


@attrs.frozen
class _Late:
    """An effect that comes after its caller was cut off."""

    due: float
    operation: Operation
    path: Mapping[str, str]
    origin: str
    given: Any
    token: str = attrs.field(repr=False)


class Simulator:
    """A simulated Bria server: its world, its clock, and what tests ask and steer."""

    def __init__(self, options: Options | None = None, clock: Clock | None = None, state: Path | None = None) -> None:
        self.options = options or Options()
        self.clock = clock or Clock()
        self.world = World(self.options, self.clock, state)
        self.base_url = ""
        """Where it is served, as `http://host:port`; empty when an application is embedded elsewhere."""
        self.requests: deque[Seen] = deque(maxlen=_REMEMBERED)
        """The most recent requests for operations, oldest first."""
        self.faults = Faults()
        """Faults still to strike; its length falls when one has."""
        self.webhooks = Webhooks()
        """Webhooks asked for, and what was answered to them."""
        self._limits = Limits(self.options.rate_limits)
        self._late: list[_Late] = []
        self._closing = asyncio.Event()

    @property
    def counts(self) -> Counter[str]:
        """Accepted calls by operation."""
        return Counter(self.world.counts)

    def audit(self) -> Audit:
        """What the server holds, in the terms of effectively-once."""
        return audit(self.world)

    def fail(self, operation: str, **fault: Any) -> None:
        """Make calls of an operation go wrong; the keywords are the fields of `Fault`."""
        self.arm(Fault(operation=operation, **fault))

    def arm(self, fault: Fault) -> None:
        """Make calls go wrong as the fault says."""
        self.faults.add(fault)

    def __repr__(self) -> str:
        world = self.world
        return (
            f"<Simulator {self.base_url or 'embedded'} {self.clock}: {len(world.projects)} projects, "
            f"{len(world.datasets)} datasets, {len(world.images)} images, {len(world.models)} models>"
        )

    def release(self) -> None:
        """Let hanging requests end: their connections are dropped."""
        self._closing.set()

    async def settle(self) -> None:
        """Apply the late effects and make the webhook calls that are due, and wait for their answers."""
        await self.notice()
        await self.webhooks.settle(self.clock.now())

    async def notice(self) -> None:
        """Apply the late effects that are due and begin the webhook calls; every request does so first."""
        now = self.clock.now()
        due = [late for late in self._late if late.due <= now]
        self._late = [late for late in self._late if late.due > now]
        for late in due:
            call = Call(self.world, late.path, late.origin, late.due, late.token, operation=late.operation)
            try:
                await self._effect(late.operation, call, late.given)
            except Refusal as refusal:
                about = {"operation": late.operation.name, "status": refusal.status}
                _log.info("a late %s was refused: %s", late.operation.name, refusal, extra=about)
        if due:
            self.world.commit()
        self.webhooks.notice(now)

    async def handle(self, operation: Operation, request: web.Request) -> web.StreamResponse:
        """Answer one request for an operation."""
        await self.notice()
        try:
            answer = await self._answer(operation, request)
        except Refusal as refusal:
            answer = self._refused(operation, refusal)
        except Invalid as verdict:
            answer = invalid(verdict, v2=operation.v2, request_id=self._request_id(operation))
        except ConnectionError:
            answer = None  # The caller went away while sending: nothing happened, and nobody waits.
        self.world.commit()
        status = answer.status if answer else 0
        self.requests.append(Seen(self.clock.now(), request.method, request.path, operation.name, status))
        return response(answer) if answer else web.Response(status=500)

    def _refused(self, operation: Operation, refusal: Refusal) -> Answer:
        bare = str(refusal.status) in operation.bare
        return refused(refusal, v2=operation.v2, bare=bare, request_id=self._request_id(operation))

    def _request_id(self, operation: Operation) -> str:
        return self.world.new_uuid() if operation.v2 else ""

    async def _answer(self, operation: Operation, request: web.Request) -> Answer | None:
        """The answer, or None when a fault leaves the caller without one."""
        self._admit(operation, request)
        given = await self._given(operation, request)
        fault = self.faults.take(operation.name, (request.path, *_texts(given)))
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        origin, token = f"{request.scheme}://{request.host}", request.headers["api_token"]
        call = Call(self.world, dict(request.match_info), origin, self.clock.now(), token, operation=operation)
        if fault is None or fault.only_slow:
            if operation.name in self.options.scarce:
                raise Refusal(512, "Insufficient resources to process the request.")
            return await self._effect(operation, call, given)
        if fault.when == "after":
            silent, late = fault.status is None, self.options.late_effect
            if silent and late and request.method != "GET":
                self._late.append(_Late(call.now + late, operation, call.path, call.origin, given, call.token))
            else:
                with suppress(Refusal):  # A refusal is lost like any other answer.
                    await self._effect(operation, call, given)
                self.world.commit()
        return await self._strike(fault, operation, request)

    def _admit(self, operation: Operation, request: web.Request) -> None:
        """Check generation, token and rate, in this order."""
        generation = self.options.generation
        if generation not in ("all", *operation.generations):
            raise Refusal(404, "Not Found")
        token = request.headers.get("api_token", "")
        if not token or token != (self.options.token or token):
            raise Refusal(401, "Unauthorized: the api_token is missing or not valid")
        wait = self._limits.wait(operation.name, self.clock.now())
        if wait is not None:
            headers = {"Retry-After": str(wait)} if self.options.retry_after else {}
            raise Refusal(429, _LIMIT_TEXT, "usual", headers)

    async def _given(self, operation: Operation, request: web.Request) -> Any:
        """The checked input of a call."""
        if request.method in {"GET", "DELETE"}:
            fields: Mapping[str, Any] = request.query
            text = True
        else:
            fields, text = await body.read(request, self.world)
        if operation.takes is Anything:
            return Anything(fields)
        options = self.options
        return read(
            operation.takes,
            fields,
            query=request.query,
            text=text,
            strict=options.strict,
            generation=options.generation,
        )

    async def _effect(self, operation: Operation, call: Call, given: Any) -> Answer:
        answer = await (operation.handler(call) if operation.takes is Nothing else operation.handler(call, given))
        if answer.status < web.HTTPBadRequest.status_code:
            self.world.accepted(operation.name)
        if operation.v2 and answer.status == web.HTTPAccepted.status_code:
            self.webhooks.expect(call, self.world.jobs[answer.body["request_id"]])
        return answer

    async def _strike(self, fault: Fault, operation: Operation, request: web.Request) -> Answer | None:
        if fault.hang:
            await self._closing.wait()
        if fault.status is None:
            if request.transport is not None:
                request.transport.abort()
            return None
        if fault.body is not None:
            return Answer(fault.status, fault.body, fault.headers)
        refusal = Refusal(fault.status, "A fault asked for by a test", "usual", fault.headers)
        return self._refused(operation, refusal)


def _texts(given: Any) -> list[str]:
    """The strings of an input that a fault can match, names of uploaded files among them."""
    values = attrs.asdict(given, recurse=False).values()
    return [value.name if isinstance(value, Upload) else value for value in values if isinstance(value, Upload | str)]


def response(answer: Answer) -> web.Response:
    """The answer as bytes. A content type among its headers wins; under one that is not JSON a text goes as it is."""
    chosen = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), None)
    if answer.body is None:
        return web.Response(status=answer.status, headers=answer.headers)
    if isinstance(answer.body, bytes):
        data, kind = answer.body, "application/zip"
    elif answer.form:
        data, kind = urlencode(answer.body).encode(), "application/x-www-form-urlencoded; charset=utf-8"
    elif isinstance(answer.body, str) and chosen is not None and "json" not in chosen:
        data, kind = answer.body.encode(), chosen
    else:
        data, kind = json.dumps(answer.body).encode(), "application/json; charset=utf-8"
    headers = {**answer.headers} if chosen else {**answer.headers, "Content-Type": kind}
    return web.Response(status=answer.status, headers=headers, body=data)
