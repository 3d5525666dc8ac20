"""Runs to look at: the studio of the trainings, on a virtual clock; and a state folder with one of each kind."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bria_async.errors import RunCancelled
from bria_async.graph.control import STOP, Request
from bria_async.graph.events import Event, Happened
from bria_async.sim import Options
from bria_async.training import train, train_many
from bria_async.training.place import Place
from tests.cli.conftest import slow, slow_shell
from tests.simulation.loop import run_virtually
from tests.simulation.world import world
from tests.training.conftest import Studio, pictures, studio, within

from .apart import apart
from .large import prepare as prepare_large
from .thousand import prepare, prepare_singles

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["pictures", "shelf", "slow", "slow_shell", "studio", "within"]


@pytest.fixture(scope="module")
def chromium() -> "Iterator[Browser]":
    """One browser for all tests of a file; while it is there, no loop can be run in this thread."""
    from .browser import browser  # noqa: PLC0415  # Playwright may be missing

    with browser() as running:
        yield running


@pytest.fixture(scope="session")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of a thousand runs."""
    state = tmp_path_factory.mktemp("thousand")
    apart(asyncio.run, prepare(Place.of("many", state)))
    return state


@pytest.fixture(scope="module")
def singles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand runs, each by itself."""
    state = tmp_path_factory.mktemp("singles")
    apart(asyncio.run, prepare_singles(state))
    return state


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The report of 5,000 images, and the most memory that it took, in MiB."""
    folder = tmp_path_factory.mktemp("large")
    apart(asyncio.run, prepare_large(Place.of("large", folder)))
    command = [sys.executable, "-m", "tests.dashboard.large", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return folder / "report.html", float(done.stdout)


@pytest.fixture(scope="session")
def shelf(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that nobody works on: `studio` is done, `draft` was stopped at its review, `many` is a batch of two."""
    studio = Studio(pictures, tmp_path_factory.mktemp("shelf"))

    async def live() -> None:
        async with world(1, options=Options(seed=1)) as here:
            await studio.train(here, studio.plan(samples=("a lighthouse", "a boat"), sample_seed=7))
            plans = [studio.plan(name=f"Run {number}", family="legacy") for number in range(2)]
            await train_many(here.session, plans, name="many", settings=studio.settings())

            def stop(event: Event) -> None:
                if event.what == Happened.ASKED:
                    Place.of("draft", studio.state).control.ask(Request(STOP), here.session.host)

            reviewed = studio.plan(name="Draft", review=True)
            with contextlib.suppress(RunCancelled):
                await train(here.session, reviewed, settings=studio.settings(), on_event=stop)

    apart(run_virtually, live)
    return studio.state
