"""A pytest plugin for applications that use this library: `pytest_plugins = ["bria_async.testing"]` in a conftest.

Everything talks to a simulator on this machine, over real HTTP. It is served by a thread with an event loop of its
own, so tests may be plain functions, or coroutines of pytest-asyncio (in both of its modes) or of anyio's plugin.
Nothing takes time unless a test says so: jobs, captions and trainings are over once they have begun, and the
simulator's clock stands still until it is pushed.

PYTEST_DONT_REWRITE: a conftest may import names from here before pytest loads it as a plugin.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from bria_async.errors import MissingExtra
from bria_async.session import Session

try:
    import pytest
except ModuleNotFoundError as missing:
    raise MissingExtra('The fixtures need pytest: pip install "bria-async[testing]"') from missing

try:
    from pytest_asyncio import fixture as asyncio_fixture
except ModuleNotFoundError:  # its strict mode wants fixtures that are marked as its own
    asyncio_fixture = pytest.fixture  # type: ignore[assignment]  # both take a function

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from anyio.from_thread import BlockingPortal

    from bria_async.sim import Audit, Clock, Fault, Seen, Simulator

T = TypeVar("T")

TOKEN = "simulated"  # noqa: S105  # no secret: the simulator takes any
"""The token of `bria_session` and of `bria_env`."""

AT_ONCE = dict.fromkeys(
    (
        "bulk_delay",
        "bulk_time_per_image",
        "caption_delay",
        "job_time",
        "onboarding_time",
        "stop_time",
        "training_time",
    ),
    0.0,
)
"""The times of `Options` that are 0 unless they are given."""


@attrs.frozen
class ServedSimulator:
    """A simulator that is served by a thread of its own; what it is asked, it answers there, between two requests."""

    _sim: Simulator
    _portal: BlockingPortal = attrs.field(repr=False)

    @property
    def base_url(self) -> str:
        """Where it is served: an address `http://host:port`."""
        return self._sim.base_url

    @property
    def clock(self) -> Clock:
        """Its clock, which stands still until it is pushed: `bria_sim.clock.push(3600)` lets an hour pass."""
        return self._sim.clock

    @property
    def counts(self) -> Counter[str]:
        """Accepted calls by operation."""
        return self.inside(lambda sim: sim.counts)

    @property
    def requests(self) -> tuple[Seen, ...]:
        """The most recent requests for operations, oldest first."""
        return self.inside(lambda sim: tuple(sim.requests))

    def audit(self) -> Audit:
        """What the server holds, in the terms of effectively-once."""
        return self.inside(lambda sim: sim.audit())

    def fail(self, operation: str, **fault: Any) -> None:
        """Make calls of an operation go wrong; the keywords are the fields of `Fault`."""
        self.arm(_fault(operation, **fault))

    def arm(self, fault: Fault) -> None:
        """Make calls go wrong as the fault says."""
        self.inside(lambda sim: sim.arm(fault))

    def settle(self) -> None:
        """Apply the late effects and make the webhook calls that are due, and wait for their answers.

        Where the application that answers runs on the loop of the test: `await asyncio.to_thread(bria_sim.settle)`.
        """
        self._portal.call(self._sim.settle)

    def inside(self, look: Callable[[Simulator], T]) -> T:
        """What a function returns that is called with the `Simulator` in its thread, where nothing changes meanwhile:
        `bria_sim.inside(lambda sim: len(sim.world.images))`.
        """
        return self._portal.call(look, self._sim)


@contextlib.contextmanager
def serving(**options: Any) -> Iterator[ServedSimulator]:
    """Serve a simulator until the block ends: for a fixture of a wider scope than `bria_sim`.

    Args:
        **options: fields of `bria_async.sim.Options`; times that are not given are 0.

    Raises:
        ValueError: an option has no such value.
    """
    from anyio.from_thread import start_blocking_portal  # noqa: PLC0415  # a plugin is loaded by every run of pytest

    from bria_async.sim import Options, simulator  # noqa: PLC0415  # as above

    chosen = Options(**{**AT_ONCE, **options})
    with (
        start_blocking_portal(name="bria-sim") as portal,
        portal.wrap_async_context_manager(simulator(options=chosen)) as sim,
    ):
        yield ServedSimulator(sim, portal)


# --- the plugin -----------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks."""
    for line in (
        "bria_options(**options): how the simulator of a test behaves; the fields of bria_async.sim.Options",
        "bria_fault(operation, **fault): what goes wrong in a test, and must; the fields of bria_async.sim.Fault",
    ):
        config.addinivalue_line("markers", line)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a fault in a test that has no simulator: it would pass for the wrong reason."""
    if item.get_closest_marker("bria_fault") and "bria_sim" not in getattr(item, "fixturenames", ()):
        pytest.fail("bria_fault needs a simulator: take bria_sim, bria_session or bria_env", pytrace=False)


@pytest.fixture
def bria_sim(request: pytest.FixtureRequest) -> Iterator[ServedSimulator]:
    """A running simulator of its own for each test, as its marks `bria_options` and `bria_fault` say.

    A fault of a mark that never struck fails the test.
    """
    options: dict[str, Any] = {}
    for mark in _marks(request, "bria_options"):
        options |= mark.kwargs
    faults = [_fault(*mark.args, **mark.kwargs) for mark in _marks(request, "bria_fault")]
    times = [fault.times for fault in faults]
    with serving(**options) as sim:
        for fault in faults:
            sim.arm(fault)
        yield sim
    spared = [fault.operation for fault, before in zip(faults, times, strict=True) if fault.times == before]
    if spared:
        pytest.fail(f"no call was struck by the fault of {', '.join(spared)}", pytrace=False)


def _marks(request: pytest.FixtureRequest, name: str) -> list[pytest.Mark]:
    """The marks of a test as they are read: those of its module first, of its own the upper ones."""
    return list(request.node.iter_markers(name))[::-1]


def _fault(operation: str, **fault: Any) -> Fault:
    from bria_async.sim import Fault  # noqa: PLC0415  # as above

    return Fault(operation=operation, **fault)


@pytest.fixture
def bria_session(request: pytest.FixtureRequest, bria_sim: ServedSimulator) -> Session:  # noqa: ARG001  # marks see it
    """An open `Session` at the simulator, on the event loop of the test."""
    plugin = "anyio" if "anyio_backend" in request.fixturenames else "asyncio"
    session: Session = request.getfixturevalue(f"_bria_session_of_{plugin}")
    return session


@asyncio_fixture
async def _bria_session_of_asyncio(bria_sim: ServedSimulator) -> AsyncIterator[Session]:
    async with Session(TOKEN, bria_sim.base_url) as bria:
        yield bria


@pytest.fixture
async def _bria_session_of_anyio(bria_sim: ServedSimulator) -> AsyncIterator[Session]:
    async with Session(TOKEN, bria_sim.base_url) as bria:
        yield bria


@pytest.fixture
def bria_env(bria_sim: ServedSimulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment of an application that opens a `Session()` itself: server, token, and an empty state folder."""
    monkeypatch.setenv("BRIA_BASE_URL", bria_sim.base_url)
    monkeypatch.setenv("BRIA_API_TOKEN", TOKEN)
    monkeypatch.setenv("BRIA_STATE", str(tmp_path / "bria-state"))
