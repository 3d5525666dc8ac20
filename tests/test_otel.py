"""Spans and metrics of calls and runs, as OpenTelemetry's own memory keeps them."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import Any

import attrs
import pytest
from aiohttp import web
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from bria_async import Event, NotFound, Plan, Session, Settings, events, train, train_many
from bria_async.errors import ServerFailed
from bria_async.images.pictures import draw
from bria_async.otel import Telemetry
from bria_async.sim import Clock, simulator
from bria_async.wire.polling import Polling
from bria_async.wire.retry import RetryPolicy
from tests.support import TOKEN, PushedHost, Recorder, Request, reply

CANARY = "canary-in-a-prompt"
QUICK = Polling(start=0.02, cap=0.1, timeout=30.0)


@attrs.define
class Memory:
    """Telemetry, and what came of it."""

    spans_kept: InMemorySpanExporter
    reader: InMemoryMetricReader
    tracers: TracerProvider
    telemetry: Telemetry

    def spans(self, name: str = "") -> list[ReadableSpan]:
        """Spans that are over."""
        return [span for span in self.spans_kept.get_finished_spans() if name in ("", span.name)]

    def one(self, name: str) -> ReadableSpan:
        """The only span of this name."""
        (span,) = self.spans(name)
        return span

    def points(self, name: str) -> list[Any]:
        """What was measured under a name."""
        data = self.reader.get_metrics_data()
        scopes = (scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics)
        found = (metric for scope in scopes for metric in scope.metrics if metric.name == name)
        return [point for metric in found for point in metric.data.data_points]

    def session(self, base_url: str, **options: Any) -> Session:
        """A session that is watched."""
        return Session(TOKEN, base_url, on_call=self.telemetry.call, on_attempt=self.telemetry.attempt, **options)


def memory_of(*, details: bool = False) -> Memory:
    """A new memory."""
    exporter, reader, tracers = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader])
    telemetry = Telemetry(tracer_provider=tracers, meter_provider=meters, details=details)
    return Memory(exporter, reader, tracers, telemetry)


@pytest.fixture
def memory() -> Iterator[Memory]:
    """A memory in which no span may lack its end."""
    found = memory_of()
    yield found
    assert found.telemetry._runs == {}, "a span was not ended"


def parent(span: ReadableSpan) -> int | None:
    """The id of the parent of a span."""
    return None if span.parent is None else span.parent.span_id


def number(span: ReadableSpan) -> int:
    """The id of a span."""
    assert span.context is not None
    return int(span.context.span_id)


def about(span: ReadableSpan) -> dict[str, Any]:
    """The attributes of a span."""
    return dict(span.attributes or {})


async def test_a_call_is_a_span_and_its_attempts_are_events(memory: Memory, server: Recorder) -> None:
    """Named by the operation, with the conventions' attributes for HTTP."""
    answers = iter([web.Response(status=503), web.Response(status=429)])
    server.answer = lambda _: next(answers, None) or web.json_response({"id": 1})
    async with memory.session(server.base_url, host=PushedHost(seed=1)) as bria:
        await bria.models.update(1, name="x")
    span = memory.one("bria models.update")
    port = int(server.base_url.rpartition(":")[2])
    assert about(span) == {
        "bria.operation": "models.update",
        "bria.effect": "safe",
        "http.request.method": "PUT",
        "url.template": "/v1/tailored-gen/models/{model_id}",
        "server.address": "127.0.0.1",
        "server.port": port,
        "http.response.status_code": 200,
        "http.request.resend_count": 2,
    }
    assert (span.kind.name, span.status.status_code) == ("CLIENT", StatusCode.UNSET)
    told: list[dict[str, Any]] = [dict(event.attributes or {}) for event in span.events]
    assert [event.name for event in span.events] == ["attempt"] * 3
    assert [each["bria.attempt"] for each in told] == [1, 2, 3]
    assert [each.get("error.type") for each in told] == ["503", "429", None]
    assert [each["http.response.status_code"] for each in told] == [503, 429, 200]
    assert told[0]["bria.wait"] > 0
    assert told[2]["http.request.body.size"] == len(b'{"name": "x"}')


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (503, ServerFailed)])
async def test_a_call_that_fails_says_why(memory: Memory, server: Recorder, status: int, kind: type[Exception]) -> None:
    """By the status or the class of its error, without message or traceback, which may hold what was sent."""
    server.answers({"error": CANARY}, status)
    async with memory.session(server.base_url, retry=RetryPolicy(attempts=1)) as bria:
        with pytest.raises(kind):
            await bria.models.update(1, name=CANARY)
    span = memory.one("bria models.update")
    assert about(span)["error.type"] == str(status)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert CANARY not in span.to_json()
    assert TOKEN not in span.to_json()


async def test_a_call_that_is_cancelled_is_a_span_too(memory: Memory, server: Recorder) -> None:
    """It ends when the call does, and says so."""

    def answer(_: Request) -> web.Response:
        calling.cancel()
        return web.json_response([])

    server.answer = answer
    async with memory.session(server.base_url) as bria:
        calling = asyncio.ensure_future(bria.models.list())
        await asyncio.wait([calling])
    assert calling.cancelled()
    assert about(memory.one("bria models.list"))["error.type"] == "CancelledError"


async def test_metrics_of_attempts(memory: Memory, server: Recorder) -> None:
    """How long they took, how many were repeated, what a 429 cost in time, and what was perhaps charged."""
    host = PushedHost(seed=1)
    answers = iter([web.Response(status=429, headers={"Retry-After": "7"}), web.Response(status=503)])

    def answer(_: Request) -> web.Response:
        host.time += 4
        return next(answers, None) or web.json_response(reply("tailored.generate_visual_schema")["body"])

    server.answer = answer
    async with memory.session(server.base_url, host=host) as bria:
        await bria.tailored.generate_visual_schema(images=["QUJD"] * 5)
    durations = memory.points("bria.client.attempt.duration")
    assert {(dict(each.attributes or {}).get("error.type"), each.sum) for each in durations} == {
        ("429", 4.0),
        ("503", 4.0),
        (None, 4.0),
    }
    assert durations[0].explicit_bounds[0] == 0.005
    assert sum(each.value for each in memory.points("bria.client.retries")) == 2
    (throttled,) = memory.points("bria.client.throttled")
    assert 7 <= throttled.value <= 8.5
    (charged,) = memory.points("bria.client.perhaps_charged")
    assert (charged.value, dict(charged.attributes or {})) == (
        1,
        {"bria.operation": "tailored.generate_visual_schema", "bria.effect": "cheap"},
    )


async def test_calls_at_the_same_time_have_the_parents_that_they_were_made_under(
    memory: Memory, server: Recorder
) -> None:
    """Each is a child of the span that is current where it is called, and its attempts are its own."""
    tracer = memory.tracers.get_tracer("tests")
    together = asyncio.Barrier(4)

    async def ask(name: str) -> int:
        with tracer.start_as_current_span(name) as span:
            await together.wait()
            await bria.models.update(1, name=name)
            return int(span.get_span_context().span_id)

    server.answers({"id": 1})
    async with memory.session(server.base_url) as bria:
        above = await asyncio.gather(*(ask(f"above {count}") for count in range(4)))
    calls = memory.spans("bria models.update")
    assert sorted(parent(span) or 0 for span in calls) == sorted(above)
    assert [len(span.events) for span in calls] == [1] * 4


async def test_transfers_are_spans(memory: Memory, server: Recorder) -> None:
    """Of their addresses the host alone is told."""
    server.answer = lambda _: web.Response(body=b"1")
    async with memory.session(server.base_url) as bria:
        await bria.fetch(f"{server.base_url}/{CANARY}?signature={CANARY}")
    span = memory.one("bria download")
    assert about(span)["server.address"] == "127.0.0.1"
    assert "url.template" not in about(span)
    assert CANARY not in span.to_json()


# --- runs ---------------------------------------------------------------------------------------------------------


@attrs.define
class Shop:
    """Trains against a fast simulator, and is watched."""

    memory: Memory
    base_url: str
    folder: Path
    pictures: Path

    @property
    def settings(self) -> Settings:
        """Quick ones, in a folder of their own."""
        return Settings(state=self.folder, settle=0.2, control_interval=0.05, waiting=QUICK, training=QUICK)

    def plan(self, name: str = "Lora", **fields: Any) -> Plan:
        """A plan that works."""
        return Plan(
            images=self.pictures, name=name, ip_type="other", ip_medium="photography", samples=(CANARY,), **fields
        )


@pytest.fixture
async def shop(memory: Memory, tmp_path: Path) -> Any:
    """A shop whose pictures tell whether their names are told."""
    pictures = tmp_path / "pictures"
    for path in draw(pictures, 5):
        path.rename(path.with_name(f"{CANARY}-{path.name}"))
    async with simulator(clock=Clock(speed=20_000.0)) as sim:
        yield Shop(memory, sim.base_url, tmp_path / "state", pictures)


async def test_a_run_is_a_span_and_so_is_each_of_its_tasks(memory: Memory, shop: Shop) -> None:
    """Calls are children of their tasks, these of the run, and that of what was current; nothing personal is told."""
    tracer = memory.tracers.get_tracer("tests")
    with tracer.start_as_current_span("above"):
        async with memory.session(shop.base_url) as bria:
            await train(bria, shop.plan(), settings=shop.settings, on_event=memory.telemetry.event)
    by_number = {number(span): span for span in memory.spans()}
    the_run = memory.one("bria run")
    assert by_number[parent(the_run) or 0].name == "above"
    assert about(the_run)["bria.run"] == "lora"
    tasks = memory.spans("bria task upload")
    assert len(tasks) == 5
    assert {parent(span) for span in tasks} == {number(the_run)}
    uploads = memory.spans("bria images.upload")
    assert sorted(parent(span) or 0 for span in uploads) == sorted(map(number, tasks))
    sample = memory.one("bria task sample")
    assert by_number[parent(memory.one("bria download")) or 0] is sample
    for span in memory.spans():
        assert span.start_time is not None and span.end_time is not None
        assert CANARY not in span.to_json(), span.to_json()
        assert TOKEN not in span.to_json()


async def test_runs_of_a_batch_are_told_apart(memory: Memory, shop: Shop) -> None:
    """Whoever hears of their events late finds the calls of each below its own span."""
    async with memory.session(shop.base_url) as bria:
        plans = [shop.plan("One"), shop.plan("Two")]
        await train_many(bria, plans, name="many", settings=shop.settings, on_event=memory.telemetry.event)
    by_number = {number(span): span for span in memory.spans()}
    assert sorted(about(span)["bria.run"] for span in memory.spans("bria run")) == ["one", "two"]
    assert len(memory.spans("bria images.upload")) == 10
    for call in memory.spans("bria images.upload"):
        task = by_number[parent(call) or 0]
        assert about(task)["bria.task"] == "upload"
        assert about(by_number[parent(task) or 0])["bria.run"] == about(task)["bria.run"]


async def test_a_run_that_pauses_ends_its_spans(memory: Memory, shop: Shop) -> None:
    """Whatever it leaves in its midst; going on is another span."""

    def stop(event: Event) -> None:
        if (event.what, event.task) == ("finished", "dataset"):
            training.cancel()

    async with memory.session(shop.base_url) as bria:
        listeners = [memory.telemetry.event, stop]
        work = train(bria, shop.plan(), settings=shop.settings, on_event=listeners)
        training = asyncio.ensure_future(work)
        await asyncio.wait([training])
        assert training.cancelled()
        paused = memory.one("bria run")
        assert [event.name for event in paused.events][0 :: len(paused.events) - 1] == ["started", "paused"]
        assert paused.status.status_code is StatusCode.UNSET, "it can go on"
        await train(bria, shop.plan(), settings=shop.settings, on_event=memory.telemetry.event)
    (_, again) = memory.spans("bria run")
    assert [event.name for event in again.events][0 :: len(again.events) - 1] == ["resumed", "completed"]


async def test_a_run_that_somebody_else_made_is_told_from_its_journal(shop: Shop) -> None:
    """With the times at which it happened; with details, also which image and why."""
    async with Session(TOKEN, shop.base_url) as bria:
        await train(bria, shop.plan(), settings=shop.settings)
    memory = memory_of(details=True)
    found = [event async for event in events("lora", state=shop.folder)]
    for event in found:
        memory.telemetry.event(event)
    the_run = memory.one("bria run")
    assert (the_run.start_time, the_run.end_time) == tuple(round(found[place].at * 1e9) for place in (0, -1))
    assert len({about(span)["bria.key"] for span in memory.spans("bria task upload")}) == 5


async def test_calls_of_a_run_that_is_not_told_leave_nothing_open(memory: Memory, shop: Shop) -> None:
    """They are children of what is current where it is trained, and there are no spans of tasks."""
    with memory.tracers.get_tracer("tests").start_as_current_span("above") as above:
        async with memory.session(shop.base_url) as bria:
            await train(bria, shop.plan(), settings=shop.settings)
    assert {span.name for span in memory.spans()} > {"above", "bria images.upload", "bria download"}
    assert not memory.spans("bria task upload")
    assert {parent(span) for span in memory.spans("bria images.upload")} == {above.get_span_context().span_id}


async def test_a_task_that_fails_is_an_error(memory: Memory, shop: Shop) -> None:
    """And so is a run that failed for good, by the word for what happened."""
    at = 1_000_000.0
    for what, task in (("started", ""), ("announced", "dataset"), ("failed", "dataset"), ("run_failed", "")):
        memory.telemetry.event(Event(at, "lora", what, task, data={"reason": CANARY}))
    for name, kind in (("bria task dataset", "failed"), ("bria run", "run_failed")):
        span = memory.one(name)
        assert (about(span)["error.type"], span.status.status_code) == (kind, StatusCode.ERROR)
        assert CANARY not in span.to_json()


async def test_a_run_that_began_anew_ends_the_one_before(memory: Memory) -> None:
    """Nobody said how that one ended: its process lost its journal."""
    for what in ("started", "resumed", "completed"):
        memory.telemetry.event(Event(1_000_000.0, "lora", what))
    assert [[event.name for event in span.events] for span in memory.spans("bria run")] == [
        ["started"],
        ["resumed", "completed"],
    ]


def test_without_the_extra_it_is_named() -> None:
    """The sentence says what to install; a session needs none of it."""
    code = (
        "import sys; sys.modules['opentelemetry'] = None\nfrom bria_async import Session, train\nimport bria_async.otel"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'pip install "bria-async[otel]"' in done.stderr, done.stderr


def test_a_session_loads_no_telemetry() -> None:
    """Who does not ask for it does not pay for it."""
    code = "import sys; from bria_async import Session, train; sys.exit('opentelemetry' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
