"""An engine of each kind, with a simulator of its own whose clock stands still until it is pushed."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bria_async.engines.postgres.database import Database
from bria_async.sim import Clock, Options, Simulator
from tests import postgres
from tests.cli.shell import served
from tests.guarantees import stage
from tests.guarantees.stage import Engine, Local, Shared, Zygote
from tests.kill.stage import pictures
from tests.support import TOKEN

COUNT = 5


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """What starts processes, for all tests of this process."""
    with stage.zygote() as found:
        yield found


@pytest.fixture(scope="session")
def prepared(
    postgres_server: postgres.Server, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database with all tables, which a worker has made, to copy others from."""
    folder = tmp_path_factory.mktemp("prepared")
    with postgres_server.fresh() as database, served(Options(), Clock()) as sim:
        engine = Shared(sim=sim, images=folder, folder=folder, zygote=zygote, database=database)
        with contextlib.closing(engine):
            (worker,) = engine.have_workers()
            worker.send(signal.SIGTERM)
            assert worker.end() == 0, worker.said
        yield database


@pytest.fixture
def options() -> Options:
    """How the simulator behaves: hours are waited for, all else is there at once."""
    return Options(token=TOKEN, url_lifetime=None)


@pytest.fixture
def clock() -> Clock:
    """Its clock."""
    return Clock()


@pytest.fixture
def sim(options: Options, clock: Clock) -> Iterator[Simulator]:
    """A simulator of one's own."""
    with served(options, clock) as running:
        yield running


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of pictures that differ."""
    return pictures(tmp_path / "images", COUNT, 256)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where everything is written."""
    found = tmp_path / "written"
    found.mkdir()
    return found


@pytest.fixture
def given(sim: Simulator, images: Path, folder: Path, zygote: Zygote) -> dict[str, Any]:
    """What every engine is given."""
    return {"sim": sim, "images": images, "folder": folder, "zygote": zygote}


@pytest.fixture
def local(given: dict[str, Any]) -> Iterator[Local]:
    """The engine of one process."""
    with contextlib.closing(Local(**given)) as found:
        yield found


@pytest.fixture
def shared(postgres_server: postgres.Server, prepared: Database, given: dict[str, Any]) -> Iterator[Shared]:
    """The engine of many."""
    with (
        postgres_server.fresh(like=prepared) as database,
        contextlib.closing(Shared(**given, database=database)) as found,
    ):
        yield found


@pytest.fixture(params=["local", "shared"], ids=["local", "dbos"])
def engine(request: pytest.FixtureRequest, given: dict[str, Any]) -> Engine:
    """Each of them."""
    found: Engine = request.getfixturevalue(request.param)
    assert found.sim is given["sim"]
    return found
