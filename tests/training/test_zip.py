"""Many images as one zip: where it goes, what the server makes of it, and what a lost answer means."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bria_async.errors import PlanInvalid, RunFailed, RunPaused
from bria_async.graph.events import Event
from bria_async.sim import Moderation
from bria_async.training import train
from tests.simulation.world import ADDRESS, World

from .conftest import COUNT, Studio, clean

pytestmark = pytest.mark.exhaustive

Within = Callable[..., Any]


@pytest.fixture
def studio(large: Path, tmp_path: Path) -> Studio:
    """A place to run plans in, with images that a zip may hold."""
    return Studio(large, tmp_path / "state")


HOSTED = {"zip_put_url": f"{ADDRESS}/_sim/files/set.zip", "zip_url": f"{ADDRESS}/_sim/files/set.zip"}


@pytest.mark.parametrize("family", ["fibo", "legacy"])
def test_zip_from_disk_to_training(studio: Studio, within: Within, family: str) -> None:
    """The zip is built, put, fetched and unpacked; every image is in the dataset under its key."""

    async def main(here: World) -> None:
        result = await studio.train(here, studio.plan(family=family, upload="zip"), **HOSTED)
        assert result.images == COUNT
        assert here.sim.counts["images.bulk_upload"] == 1
        assert here.sim.counts["images.upload"] == 0
        assert clean(here.sim), here.sim.audit()

    within(main)


def test_auto_is_zip_beyond_200(studio: Studio, within: Within, tmp_path: Path) -> None:
    """`auto` takes a zip beyond 200 images, and says what to do where there is no place for it."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(201):
        Image.new("RGB", (1024, 1024), (number, 9, 9)).save(folder / f"{number:03d}.png")

    async def main(here: World) -> None:
        plan = studio.plan(images=folder)
        with pytest.raises(PlanInvalid, match="zip_put_url") as refused:
            await studio.train(here, plan)
        assert len(here.sim.requests) == 0, "something was created before the refusal"
        assert "force upload=each" in str(refused.value)
        assert (await studio.train(here, plan, **HOSTED)).images == 201

    within(main)


@pytest.mark.fault("N8")
def test_lost_bulk_answer_is_never_sent_again(studio: Studio, within: Within) -> None:
    """There is one attempt per dataset: after a lost answer the status tells that it was accepted."""

    async def main(here: World) -> None:
        here.sim.fail("images.bulk_upload", when="after", drop=True)
        result = await studio.train(here, studio.plan(upload="zip"), **HOSTED)
        assert result.adopted == 1
        assert here.sim.counts["images.bulk_upload"] == 1

    within(main)


@pytest.mark.fault("N8")
def test_bulk_that_never_arrived_is_sent(studio: Studio, within: Within) -> None:
    """Nobody knows of the bulk upload and the dataset is empty: it never arrived, so it is sent once."""

    async def main(here: World) -> None:
        here.sim.fail("images.bulk_upload", when="before", drop=True)
        result = await studio.train(here, studio.plan(upload="zip"), **HOSTED)
        assert (result.adopted, result.images) == (0, COUNT)
        assert here.sim.counts["images.bulk_upload"] == 1

    within(main)


def test_captions_travel_in_the_zip(studio: Studio, within: Within, tmp_path: Path) -> None:
    """With `captions=files` the texts go along in the zip."""
    folder = tmp_path / "captioned"
    folder.mkdir()
    for path in studio.pictures.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
        (folder / path.name).with_suffix(".txt").write_text(f"a picture called {path.stem}")

    async def main(here: World) -> None:
        plan = studio.plan(images=folder, family="legacy", upload="zip", captions="files")
        await studio.train(here, plan, **HOSTED)
        captions = {image.caption for image in here.sim.world.images.values()}
        assert captions == {f"a picture called {number}" for number in range(COUNT)}, captions

    within(main)


def test_refused_images_of_a_zip(studio: Studio, within: Within) -> None:
    """Images that the server refuses stop the run, or are left out, each with its reason."""

    async def main(here: World) -> None:
        plan = studio.plan(upload="zip", family="legacy", content_moderation=True)
        with pytest.raises(RunPaused, match="1 images of the zip were refused"):
            await studio.train(here, plan, **HOSTED)
        assert [event for event in studio.happened("warned") if "moderation" in event.data["reason"]], "no reason told"
        result = await studio.resume(here, on_bad_image="skip")
        assert result.images == COUNT - 1
        assert clean(here.sim), here.sim.audit()

    within(main, moderation=Moderation(inputs=("3--",)))


def test_small_images_are_no_zip(studio: Studio, within: Within, pictures: Path) -> None:
    """Nothing enlarges the images of a zip: small ones are named before anything is created."""

    async def main(here: World) -> None:
        with pytest.raises(PlanInvalid, match="nothing enlarges it to 1024"):
            await studio.train(here, studio.plan(images=pictures, upload="zip"), **HOSTED)
        assert len(here.sim.requests) == 0

    within(main)


def test_the_zip_is_plain(studio: Studio, within: Within) -> None:
    """Stored, not compressed; flat names; no paths of this machine."""

    async def main(here: World) -> None:
        result = await studio.train(here, studio.plan(upload="zip"), **HOSTED)
        with zipfile.ZipFile(result.folder / "images.zip") as archive:
            members = archive.infolist()
        assert len(members) == COUNT
        assert all(member.compress_type == zipfile.ZIP_STORED for member in members)
        assert all("/" not in member.filename for member in members)

    within(main)


def test_presigned_url_stays_out_of_the_journal(studio: Studio, within: Within) -> None:
    """The address that takes the zip is a secret: the journal does not hold it."""

    async def main(here: World) -> None:
        secret = f"{HOSTED['zip_put_url']}?signature=s3cr3t"
        result = await studio.train(here, studio.plan(upload="zip"), zip_put_url=secret, zip_url=HOSTED["zip_url"])
        written = b"".join(path.read_bytes() for path in result.folder.iterdir() if path.is_file())
        assert b"s3cr3t" not in written
        assert b"canary" not in written, "the token lies in the run's folder"

    within(main)


def test_slow_listings(studio: Studio, within: Within) -> None:
    """Unpacked images that a listing does not show yet are waited for, not left out of the training."""

    async def main(here: World) -> None:
        result = await studio.train(here, studio.plan(upload="zip"), **HOSTED)
        assert result.images == COUNT, f"{COUNT - result.images} images were forgotten"
        assert clean(here.sim), here.sim.audit()

    within(main, listing_lag=100.0)


def test_image_gone_from_a_zip_pauses(studio: Studio, within: Within) -> None:
    """An image that disappears after unpacking cannot be sent again: the run ends before anything is paid."""

    async def main(here: World) -> None:
        def steal(event: Event) -> None:
            if event.what == "finished" and event.task == "upload":
                del here.sim.world.images[next(iter(here.sim.world.images))]

        settings = studio.settings(**HOSTED)
        with pytest.raises(RunFailed, match="takes no second zip"):
            await train(here.session, studio.plan(upload="zip"), settings=settings, on_event=[steal])
        assert here.sim.counts["models.create"] == 0

    within(main)


def test_renamed_images_of_a_zip(studio: Studio, within: Within) -> None:
    """A server that renames everything: the images are known by their bytes, and none of them is deleted."""

    async def main(here: World) -> None:
        result = await studio.train(here, studio.plan(upload="zip", on_bad_image="skip"), **HOSTED)
        assert result.images == COUNT
        assert here.sim.counts["images.delete"] == 0
        assert len(here.sim.world.images) == COUNT

    within(main, image_names="rewrite")


def test_own_zip(studio: Studio, within: Within, tmp_path: Path) -> None:
    """A zip that the user made and put there himself, with his own names in it."""
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as own:
        for number, path in enumerate(sorted(studio.pictures.iterdir())):
            own.write(path, f"holiday {number}.png")

    async def main(here: World) -> None:
        await here.session.put_file(HOSTED["zip_put_url"], tmp_path / "own.zip", content_type="application/zip")
        result = await studio.train(here, studio.plan(upload="zip"), zip_url=HOSTED["zip_url"])
        assert (result.images, here.sim.counts["images.delete"]) == (COUNT, 0)

    within(main)


def test_expired_address_is_given_anew(studio: Studio, within: Within) -> None:
    """An address that does not deliver pauses the run; resumed with another one it goes on."""

    async def main(here: World) -> None:
        wrong = {**HOSTED, "zip_url": f"{ADDRESS}/_sim/files/nothing.zip"}
        with pytest.raises(RunPaused, match="404"):
            await studio.train(here, studio.plan(upload="zip"), **wrong)
        result = await studio.train(here, studio.plan(upload="zip"), **HOSTED)
        assert result.images == COUNT

    within(main)


@pytest.mark.fault("N8")
def test_bulk_of_an_unknown_count_is_not_sent_again(studio: Studio, within: Within) -> None:
    """Only a status that is not found and a count of 0 say that the one attempt never arrived."""

    async def main(here: World) -> None:
        here.sim.fail("images.bulk_upload", when="after", drop=True)
        here.sim.fail("images.bulk_upload_status", status=404)
        here.sim.fail("datasets.get", status=200, body={"id": 1002})
        result = await studio.train(here, studio.plan(upload="zip"), **HOSTED)
        assert (result.adopted, here.sim.counts["images.bulk_upload"]) == (1, 1)

    within(main)


def test_listing_that_is_away(studio: Studio, within: Within) -> None:
    """An outage longer than the settle delay, after unpacking, is waited out: the images are all there."""

    async def main(here: World) -> None:
        here.sim.fail("images.list", status=503, times=60)
        result = await studio.train(here, studio.plan(upload="zip"), **HOSTED)
        assert result.images == COUNT

    within(main)


def test_zip_is_put_when_the_place_is_known_later(studio: Studio, within: Within) -> None:
    """A first go without a place to put the zip does not keep a later one from putting it there."""

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match="404"):
            await studio.train(here, studio.plan(upload="zip"), zip_url=HOSTED["zip_url"])
        assert (await studio.train(here, studio.plan(upload="zip"), **HOSTED)).images == COUNT

    within(main)
