"""Shared fixtures: a running simulator, a session on it, and a host whose sleeping takes no time."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bria_async.engines.postgres.database import Database
from bria_async.session import Session
from bria_async.sim import Simulator, simulator
from tests import postgres
from tests.support import TOKEN, PushedHost, Recorder, recorder

pytest_plugins = ["bria_async.testing", "pytester"]
"""The plugin for our users, for tests of examples; and what tests of plugins are run by."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark that `tests/faults.md` is made from."""
    config.addinivalue_line("markers", "exhaustive: long, about what is done and not about Python: once is enough")
    config.addinivalue_line("markers", "fault(*rows): shows what happens under these rows of tests/faults.md")


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """A running simulator; its clock stands still until it is pushed."""
    async with simulator() as running:
        yield running


@pytest.fixture
def host(sim: Simulator) -> PushedHost:
    """A host that pushes the simulator's clock when it sleeps."""
    return PushedHost(seed=7, push=sim.clock.push)


@pytest.fixture
async def bria(sim: Simulator, host: PushedHost) -> AsyncIterator[Session]:
    """A session on the simulator."""
    async with Session(TOKEN, sim.base_url, host=host) as session:
        yield session


@pytest.fixture
async def server() -> AsyncIterator[Recorder]:
    """A server that takes any request and remembers it."""
    async with recorder() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL, for all tests of this process."""
    with postgres.served() as server:
        yield server


@pytest.fixture
def database(postgres_server: postgres.Server) -> Iterator[Database]:
    """An empty database."""
    with postgres_server.fresh() as fresh:
        yield fresh
