"""OpenTelemetry: a span for every call, every run and each of its tasks, and metrics of attempts (extra `otel`).

Spans of calls are made around them, in the context of whoever calls; those of runs and tasks from their events. Names
and attributes are those of OpenTelemetry's conventions for HTTP clients where they fit, and begin with `bria.`
elsewhere. No attribute holds a token, an address, a prompt, a caption or the name of a file.
"""

import contextlib
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import attrs

from bria_async.errors import Attempt, MissingExtra, Outcome
from bria_async.graph.events import Event, Happened
from bria_async.graph.runner import Watch
from bria_async.graph.states import Change
from bria_async.host import observer
from bria_async.wire.retry import Sending

try:
    from opentelemetry import metrics, trace
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider, set_span_in_context
except ModuleNotFoundError as missing:
    raise MissingExtra('Telemetry needs OpenTelemetry: pip install "bria-async[otel]"') from missing

SCOPE = "bria_async"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""Bounds of a histogram: those of the conventions for HTTP, and beyond them, since an upload may take minutes."""

_BEGINS = frozenset({Happened.STARTED, Happened.RESUMED})
_RUN_ENDS = frozenset({Happened.COMPLETED, Happened.PAUSED, Happened.RUN_FAILED, Happened.NOT_BEGUN})
_TASK_ENDS = frozenset({Change.FINISHED, Change.ADOPTED, Change.SKIPPED, Change.FAILED})
_FAILURES = frozenset({Happened.RUN_FAILED, Happened.NOT_BEGUN, Change.FAILED})
_FAILED_STATUS = 400
_THROTTLED = 429


@attrs.define
class _Run:
    """A run under way: its span, and those of its tasks by name and key."""

    span: Span
    tasks: dict[tuple[str, str], Span] = attrs.field(factory=dict)


class Telemetry:
    """Hooks that make spans and metrics of what they are told.

    `Session(on_call=telemetry.call, on_attempt=telemetry.attempt)`, and `train(..., on_event=telemetry.event)`. Each
    may be left out; calls that a run makes are children of its tasks. Runs at the same time need different names.

    Args:
        tracer_provider: where spans go; by default OpenTelemetry's global one.
        meter_provider: where metrics go; likewise.
        details: also tell keys of tasks, which hold names of files, and reasons, which may be words of a server.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        details: bool = False,
    ) -> None:
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
        self._duration = meter.create_histogram(
            "bria.client.attempt.duration",
            unit="s",
            description="Duration of attempts at calls and transfers.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._retries = meter.create_counter(
            "bria.client.retries", unit="{attempt}", description="Attempts that another one followed."
        )
        self._throttled = meter.create_counter(
            "bria.client.throttled", unit="s", description="Seconds that calls waited after a 429 by themselves."
        )
        self._charged = meter.create_counter(
            "bria.client.perhaps_charged",
            unit="{attempt}",
            description="Attempts that cost, and whose answer was lost.",
        )
        self._details = details
        self._runs: dict[str, _Run] = {}

    @contextlib.contextmanager
    def call(self, sending: Sending) -> Iterator[None]:
        """A span around a call or a transfer: `Session(on_call=telemetry.call)`."""
        span = self._tracer.start_as_current_span(
            f"bria {sending.operation}",
            context=self._parent(),
            kind=SpanKind.CLIENT,
            attributes=_about(sending),
            record_exception=False,  # its message and its traceback may show what was sent
            set_status_on_exception=False,
        )
        with span as current:
            try:
                yield
            except BaseException as error:
                _fail(current, _kind(getattr(error, "status", None), type(error).__qualname__))
                raise

    def attempt(self, attempt: Attempt) -> None:
        """An event of the call's span, and metrics: `Session(on_attempt=telemetry.attempt)`."""
        about: dict[str, str | int] = {"bria.operation": attempt.operation}
        if attempt.status is not None:
            about["http.response.status_code"] = attempt.status
        if attempt.outcome is not None:
            about["error.type"] = _kind(attempt.status, attempt.outcome.name.lower())
        self._duration.record(attempt.seconds, about)
        if attempt.wait is not None:
            self._retries.add(1, about)
            if attempt.status == _THROTTLED:
                self._throttled.add(attempt.wait, {"bria.operation": attempt.operation})
        if attempt.outcome is Outcome.UNKNOWN and attempt.effect in ("cheap", "billed"):
            self._charged.add(1, {"bria.operation": attempt.operation, "bria.effect": str(attempt.effect)})
        self._tell_span(attempt, about)

    def event(self, event: Event) -> None:
        """Spans of a run and of its tasks: `train(..., on_event=telemetry.event)`."""
        at = round(event.at * 1e9)
        if event.what in _BEGINS and event.run in self._runs:
            self._end(event.run, at)  # nobody said how it ended
        if (run := self._runs.get(event.run)) is None:
            span = self._tracer.start_span("bria run", attributes={"bria.run": event.run}, start_time=at)
            run = self._runs[event.run] = _Run(span)
        span = self._task(event.run, event.task, event.key, at) if event.task else run.span
        span.add_event(str(event.what), self._facts(event), at)
        if event.what in _FAILURES:
            _fail(span, str(event.what))
        if not event.task and event.what in _RUN_ENDS:
            self._end(event.run, at)
        elif event.task and event.what in _TASK_ENDS:
            run.tasks.pop((event.task, event.key)).end(at)

    def _parent(self) -> Context | None:
        """The context of a call: the task that it is made for, where its run is told, or else whatever is current."""
        watch = observer.get()
        if not isinstance(watch, Watch) or (name := watch.ledger.run.name) not in self._runs:
            return None
        return set_span_in_context(self._task(name, watch.task.name, watch.row.key))

    def _task(self, name: str, task: str, key: str, at: int | None = None) -> Span:
        run = self._runs[name]
        if (found := run.tasks.get((task, key))) is None:
            shown = {"bria.key": key} if key and self._details else {}
            found = self._tracer.start_span(
                f"bria task {task}",
                context=set_span_in_context(run.span),
                attributes={"bria.run": name, "bria.task": task, **shown},
                start_time=at,
            )
            run.tasks[task, key] = found
        return found

    def _end(self, name: str, at: int) -> None:
        """End the span of a run, and of tasks that it leaves in their midst."""
        run = self._runs.pop(name)
        for span in (*run.tasks.values(), run.span):
            span.end(at)

    def _facts(self, event: Event) -> Mapping[str, str | float]:
        names = ("operation", "wait", "reason") if self._details else ("operation", "wait")
        return {f"bria.{name}": event.data[name] for name in names if name in event.data}

    def _tell_span(self, attempt: Attempt, about: Mapping[str, str | int]) -> None:
        span = trace.get_current_span()
        if not span.is_recording():
            return
        more: dict[str, str | float] = {
            "bria.attempt": attempt.number,
            "bria.attempt.duration": attempt.seconds,
            "http.request.body.size": attempt.bytes_sent,
        }
        if attempt.wait is not None:
            more["bria.wait"] = attempt.wait
        if self._details and attempt.reason:
            more["bria.reason"] = attempt.reason
        span.add_event("attempt", {**about, **more})
        if attempt.status is not None:
            span.set_attribute("http.response.status_code", attempt.status)
        if attempt.number > 1:
            span.set_attribute("http.request.resend_count", attempt.number - 1)


def _about(sending: Sending) -> Mapping[str, str | int]:
    """The attributes of a call that are known when it begins; of an address its host alone."""
    server = urlsplit(sending.origin)
    about: dict[str, str | int] = {
        "bria.operation": sending.operation,
        "bria.effect": str(sending.effect),
        "http.request.method": sending.method,
        "url.template": sending.path,
        "server.address": server.hostname or "",
        "server.port": server.port or (80 if server.scheme == "http" else 443),
    }
    return {name: value for name, value in about.items() if value and (server.hostname or name != "server.port")}


def _fail(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def _kind(status: int | None, name: str) -> str:
    """What went wrong, as the conventions want it: the status of an answer that says so, or else a name."""
    return str(status) if status is not None and status >= _FAILED_STATUS else name
