"""What simulated worlds brought to light, each kept dead by a test of its own."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import RunPaused
from bria_async.sim import Options
from bria_async.training import Trained
from bria_async.wire import Polling
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.network import Clear, MemoryConnector
from tests.simulation.world import ADDRESS, Land, World, connected, land
from tests.simulation.writes import written

from .conftest import COUNT, Studio, clean

Within = Callable[..., Any]
HOSTED = {"zip_put_url": f"{ADDRESS}/_sim/files/set.zip", "zip_url": f"{ADDRESS}/_sim/files/set.zip"}


class Refusing(Clear):
    """A sky under which no connection comes about."""

    def refuses(self) -> bool:
        """Always."""
        return True


@pytest.mark.parametrize(("lost", "captioned"), [(1, 20.0), (2, 70.0)])
def test_requests_that_arrive_after_they_were_given_up(
    studio: Studio, within: Within, lost: int, captioned: float
) -> None:
    """A copy that is made late, and listed later still, is awaited, and deleted before the dataset is completed."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", when="after", drop=True, times=lost, match="2--")
        await studio.train(here, studio.plan(), settle=60.0)
        assert here.sim.counts["images.upload"] == COUNT + 1, "no copy was made, so nothing was proven"
        assert here.sim.counts["images.delete"] == 1
        assert clean(here.sim), here.sim.audit()

    within(main, late_effect=80.0, listing_lag=30.0, caption_delay=captioned)


async def train(studio: Studio, here: Land, files: Any, **how: Any) -> Trained:
    """Train with other wires to the files than to the API."""
    async with connected(VirtualHost(1), here.connector(), files) as session:
        return await studio.train(World(1, here.sim, session), studio.plan(**how))


def test_what_cannot_be_looked_at_is_not_taken_for_something_else(studio: Studio) -> None:
    """Where names say nothing and an image cannot be downloaded just now, the run pauses, and adopts it later."""

    async def main() -> None:
        async with land(1, Options(image_names="rewrite")) as here:
            here.sim.fail("images.upload", when="after", drop=True)
            nowhere = MemoryConnector(here.server, random.Random(1), Refusing())
            with pytest.raises(RunPaused, match="Nobody could look at image"):
                await train(studio, here, nowhere)
            result = await train(studio, here, here.connector())
            assert result.adopted == 1
            assert clean(here.sim), here.sim.audit()

    run_virtually(main)


def test_the_last_one_left_may_be_the_copy_of_another(studio: Studio) -> None:
    """Where neither names nor bytes say anything, the only stranger is not taken for the only missing image once
    another one was sent twice: it may be the late first of that one.
    """

    async def main() -> None:
        async with land(1, Options(image_names="rewrite")) as here, land(2, Options()) as elsewhere:
            here.sim.fail("images.upload", drop=True, match="1--")
            here.sim.fail("images.upload", drop=True, match="2--")
            here.sim.fail("images.upload", drop=True, when="after", match="2--")
            with pytest.raises(RunPaused, match="nobody can tell which of 1 images"):
                await train(studio, here, elsewhere.connector())

    run_virtually(main)


def test_the_last_one_left_is_found_by_elimination(studio: Studio) -> None:
    """Nothing else was sent twice: the only stranger is the only missing image, whatever its name and bytes."""

    async def main() -> None:
        async with land(1, Options(image_names="rewrite")) as here, land(2, Options()) as elsewhere:
            here.sim.fail("images.upload", drop=True, when="after", match="2--")
            result = await train(studio, here, elsewhere.connector())
            assert result.adopted == 1
            assert clean(here.sim), here.sim.audit()

    run_virtually(main)


@pytest.mark.fault("N10")
@pytest.mark.parametrize(
    ("family", "operation", "body"),
    [
        ("legacy", "tailored.text_to_image", {"id": None}),
        ("fibo", "tailored.generate", {"request_id": "1-2", "error": {"code": 500, "message": "busy"}}),
    ],
)
def test_what_accepts_no_sample_is_a_doubt(
    studio: Studio, within: Within, family: str, operation: str, body: dict[str, Any]
) -> None:
    """An answer to a billed call that tells neither images nor a job is no sample that was stopped by moderation:
    whoever decides to resend gets his sample, and is told that he may have paid twice.
    """

    async def main(here: World) -> None:
        here.sim.fail(operation, status=200, body=body)
        plan = studio.plan(family=family, samples=("a lighthouse",), on_doubt="resend")
        result = await studio.train(here, plan)
        assert (len(result.samples), result.perhaps_charged, result.skipped) == (1, 1, {}), result

    within(main)


def test_a_sample_that_the_status_service_does_not_know_yet(studio: Studio, within: Within) -> None:
    """A sample was paid for: that nobody knows it is believed after the settle delay, not sooner."""

    async def main(here: World) -> None:
        here.sim.fail("jobs.status", status=404, times=9)
        soon = Polling(start=1, cap=5, grace=5)
        result = await studio.train(here, studio.plan(samples=("a lighthouse",)), settle=60.0, waiting=soon)
        assert (len(result.samples), result.skipped) == (1, {}), result

    within(main)


@pytest.mark.parametrize("taken", [False, True])
def test_a_zip_that_was_taken_and_is_unknown(large: Path, studio: Studio, within: Within, *, taken: bool) -> None:
    """An answer that means yes and comes from somebody else: after the settle delay the zip is handed over once more,
    unless it arrived.
    """

    async def main(here: World) -> None:
        here.sim.fail("images.bulk_upload", status=200, body="busy", when="after" if taken else "before")
        result = await studio.train(here, studio.plan(images=large, upload="zip"), **HOSTED)
        assert (result.images, here.sim.counts["images.bulk_upload"]) == (COUNT, 1)
        assert len(studio.happened("reopened", "bulk")) == (not taken)

    within(main)


def test_images_are_looked_at_without_a_file(studio: Studio) -> None:
    """Telling renamed images apart by their bytes leaves nothing beside the run's own folder."""

    async def main() -> None:
        async with land(1, Options(image_names="rewrite")) as here:
            here.sim.fail("images.upload", when="after", drop=True)
            with written() as paths:
                assert (await train(studio, here, here.connector())).adopted == 1
            own = (studio.state, here.sim.world.blobs.directory)
            outside = [path for path in map(Path, paths) if path.is_absolute() and not _below(path, *own)]
            assert not outside, f"written to: {outside}"

    run_virtually(main)


def _below(path: Path, *folders: Path) -> bool:
    return "__pycache__" in path.parts or any(path.is_relative_to(folder) for folder in folders)
