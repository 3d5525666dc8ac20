"""Sets of more images than a basic dataset holds: uploads begin before all are decoded, and nothing damaged is sent."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from PIL import Image, ImageFilter

from bria_async.errors import PlanInvalid, RunPaused
from bria_async.images.folder import DECODED_AT_ONCE
from bria_async.images.probe import check
from bria_async.sim import Options
from bria_async.training import train_many
from bria_async.types.trainings import MOST_EACH
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.world import ADDRESS, World, connected, land

from .conftest import Studio, clean

pytestmark = pytest.mark.exhaustive

T = TypeVar("T")
Within = Callable[..., Any]

COUNT = 210
LATE = f"{COUNT - 1:03d}.png"
"""An image that is decoded before its upload, and not before."""
STANDING = "206.png"
"""One of those that stand for all when a visual schema is made."""
LARGE: dict[str, Any] = {"max_images": 10 * COUNT}
"""A simulator that takes them one by one."""


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of more images than are decoded before anything is created."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(COUNT):
        Image.new("RGB", (256, 256), (number, 90, 250 - number)).save(folder / f"{number:03d}.png")
    return folder


@pytest.fixture
def folder(many: Path, tmp_path: Path) -> Path:
    """The same, whose files a test may replace."""
    target = tmp_path / "many"
    target.mkdir()
    for path in many.iterdir():
        os.link(path, target / path.name)
    return target


def damage(path: Path) -> None:
    """Cut the end of an image off; its header stays."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-30])


def arrived(here: World, name: str) -> bool:
    """Whether an image of this name is on the server."""
    stem = Path(name).stem
    return any((image.image_name or "").startswith(f"{stem}--") for image in here.sim.world.images.values())


def test_uploads_begin_before_the_last_image_is_decoded(studio: Studio, within: Within, folder: Path) -> None:
    """A damaged one at the end is found when its turn comes, and left out as the plan says: it is never sent."""
    damage(folder / LATE)

    async def main(here: World) -> None:
        result = await studio.train(here, studio.plan(images=folder, upload="each", on_bad_image="skip"))
        (skipped,) = studio.happened("skipped", "upload")
        first = studio.happened("finished", "upload")[0]
        assert studio.events.index(first) < studio.events.index(skipped), "the last image was decoded first"
        assert "cannot be decoded" in skipped.data["reason"] and "nothing was sent" in skipped.data["reason"]
        assert (result.images, here.sim.counts["images.upload"]) == (COUNT - 1, COUNT - 1)
        assert not arrived(here, LATE)
        assert clean(here.sim), here.sim.audit()

    within(main, **LARGE)


def test_a_damaged_image_stops_the_run_however_often_it_goes_on(studio: Studio, within: Within, folder: Path) -> None:
    """The sentence says what is safe and what to type; a process that goes on decodes what was not sent yet itself."""
    damage(folder / LATE)
    words = rf"{LATE}: cannot be decoded: .*; nothing was sent\. It can be left out with on_bad_image=skip\."

    async def main(here: World) -> None:
        here.sim.fail("datasets.create", status=403)
        with pytest.raises(RunPaused, match="403"):
            await studio.train(here, studio.plan(images=folder, upload="each"))
        for _ in range(2):
            with pytest.raises(RunPaused, match=words) as paused:
                await studio.resume(here)
            assert str(paused.value).endswith("so far is safe. Continue with: bria-async resume studio")
        assert here.sim.counts["datasets.update"] == 1, "the dataset was completed"
        result = await studio.resume(here, on_bad_image="skip")
        assert result.images == here.sim.counts["images.upload"] == COUNT - 1
        assert not arrived(here, LATE)

    within(main, **LARGE)


def test_what_stands_for_all_is_decoded_too(studio: Studio, within: Within, folder: Path) -> None:
    """A damaged image goes into no visual schema."""
    damage(folder / STANDING)

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match=rf"{STANDING}: cannot be decoded.*on_bad_image=skip"):
            await studio.train(here, studio.plan(images=folder, upload="each"))
        assert here.sim.counts["tailored.generate_visual_schema"] == 0
        assert (await studio.resume(here, on_bad_image="skip")).images == COUNT - 1

    within(main, **LARGE)


def test_what_can_be_told_at_once_is_told_at_once(studio: Studio, within: Within, folder: Path) -> None:
    """Damage of the first images, and of all what headers and bytes tell; nothing is created."""
    damage(folder / "000.png")
    for name, content in {"205.png": b"no image", LATE: b""}.items():
        (folder / name).unlink()
        (folder / name).write_bytes(content)

    async def main(here: World) -> None:
        with pytest.raises(PlanInvalid) as refused:
            await studio.train(here, studio.plan(images=folder, upload="each"))
        told = [problem.removeprefix(f"{folder}/").partition(" (")[0] for problem in refused.value.problems]
        assert [words.partition(": ")[0] for words in told] == ["000.png", "205.png", LATE], told
        assert not here.sim.requests

    within(main, **LARGE)


@pytest.mark.parametrize("how", [{"upload": "zip"}, {"upload": "auto"}, {"upload": "each", "least": True}])
def test_all_are_decoded_first_where_nothing_is_gained_otherwise(
    studio: Studio, within: Within, folder: Path, how: dict[str, Any]
) -> None:
    """A zip is sent whole, and a small set is quickly looked at: all problems are told, and nothing is created."""
    if how.get("least"):
        for number in range(MOST_EACH, COUNT):
            (folder / f"{number:03d}.png").unlink()
    last = max(folder.iterdir())
    damage(last)

    async def main(here: World) -> None:
        with pytest.raises(PlanInvalid, match=f"{last.name}: cannot be decoded"):
            await studio.train(here, studio.plan(images=folder, upload=how["upload"]), zip_url="http://a.example/b.zip")
        assert not here.sim.requests

    within(main, **LARGE)


def test_in_a_batch_each_plan_is_looked_at_by_its_size(studio: Studio, within: Within, folder: Path) -> None:
    """A small one cannot begin with a damaged image; a large one begins, and leaves it out."""
    damage(folder / LATE)
    small = folder.with_name("small")
    small.mkdir()
    for path in [*sorted(folder.iterdir())[:6], folder / LATE]:
        os.link(path, small / path.name)

    async def main(here: World) -> None:
        how: dict[str, Any] = {"family": "legacy", "upload": "each"}
        plans = [
            studio.plan(name="large", images=folder, on_bad_image="skip", **how),
            studio.plan(name="small", images=small, **how),
        ]
        result = await train_many(here.session, plans, name="two", settings=studio.settings())
        assert result.trained["large"].images == COUNT - 1
        assert f"{LATE}: cannot be decoded" in str(result.failed["small"])
        assert not arrived(here, LATE)

    within(main, **LARGE)


def test_what_is_unusual_about_its_pixels_is_told_when_it_is_decoded(
    studio: Studio, within: Within, folder: Path
) -> None:
    """Once, and as at the beginning."""
    (folder / LATE).unlink()
    Image.new("RGBA", (256, 256), (9, 9, 9, 99)).save(folder / LATE)

    async def main(here: World) -> None:
        await studio.train(here, studio.plan(images=folder, upload="each"))
        told = [event.data["reason"] for event in studio.happened("warned")]
        assert [words for words in told if "transparent" in words] == [
            f"{LATE}: transparent pixels, which the API turns black"
        ]

    within(main, **LARGE)


def drawn(seed: int) -> Image.Image:
    """Fields of many greys, different for every seed, with sharp edges."""
    return Image.frombytes("L", (9, 9), Random(seed).randbytes(81)).resize((256, 256), Image.Resampling.NEAREST)


def test_what_pixels_show_is_told_before_the_training(studio: Studio, within: Within, tmp_path: Path) -> None:
    """By itself when it is decoded, beside the others once and when all are; of the first as of the last."""
    for number in range(COUNT):
        drawn(number).save(tmp_path / f"{number:03d}.png")
    drawn(COUNT - 4).point(lambda value: value // 10).rotate(90).save(tmp_path / f"{COUNT - 3:03d}.png")
    drawn(COUNT).filter(ImageFilter.GaussianBlur(9)).save(tmp_path / f"{COUNT - 2:03d}.png")
    drawn(0).resize((300, 300), Image.Resampling.NEAREST).save(tmp_path / LATE)
    drawn(2).resize((300, 300), Image.Resampling.NEAREST).save(tmp_path / "003.png")
    Image.new("L", (256, 256), 250).save(tmp_path / "001.png")

    async def main(here: World) -> None:
        await studio.train(here, studio.plan(images=tmp_path, upload="each"))
        seen = {}
        for number, event in enumerate(studio.events):
            if event.what == "warned" and "sides below" not in (words := event.data["reason"]):
                about = words.partition(":")[0]
                assert about not in seen, f"{about} is told twice"
                seen[about] = number
        last = studio.events.index(studio.happened("finished", "upload")[-1])
        started = studio.events.index(studio.happened("announced", "training")[0])
        by_itself = ["001.png", "a basic dataset holds 200 images", "207.png"]
        assert [*seen] == [*by_itself, f"000.png, {LATE}", "002.png, 003.png", "208.png"], seen
        assert seen["207.png"] < last < seen[f"000.png, {LATE}"] < seen["208.png"] < started, seen

    within(main, **LARGE)


def test_a_damaged_image_is_named_by_its_address(
    studio: Studio, within: Within, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file has a name of our own, which nobody knows; what is a secret of the address is not told."""
    monkeypatch.setattr("bria_async.training.plan.MOST_EACH", 5)
    file, addresses = tmp_path / "file.png", tmp_path / "pictures.txt"

    async def main(here: World) -> None:
        with addresses.open("a") as lines:
            for path in sorted(studio.pictures.iterdir()):
                file.write_bytes(path.read_bytes()[: -30 if path.name == "6.png" else None])
                url = f"{ADDRESS}/_sim/files/{path.name}"
                await here.session.put_file(url, file, content_type="image/png")
                lines.write(f"{url}?key=secret\n")
        plan = studio.plan(images=addresses, upload="each", family="legacy")
        with pytest.raises(RunPaused, match=rf"{ADDRESS}/_sim/files/6\.png: cannot be decoded.*; nothing was sent\."):
            await studio.train(here, plan)

    within(main)


class Decoding(VirtualHost):
    """A machine that takes a second to decode an image, and notes when it begins and how many it is at."""

    def __init__(self) -> None:
        super().__init__(1)
        self.order: list[str] = []
        self.at_once = 0
        self.most = 0

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Count those that were looked at by their headers alone."""
        if function is not check:
            return await super().in_thread(function, *args)
        self.order.append(args[0].path.name)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.sleep(1.0)
        self.at_once -= 1
        return await super().in_thread(function, *args)


def test_as_many_at_once_as_there_are_processors_in_the_order_of_the_uploads(studio: Studio, many: Path) -> None:
    """So memory is bounded, whatever the number of uploads at once."""
    host = Decoding()

    async def main() -> None:
        async with (
            land(1, Options(seed=1, **LARGE)) as here,
            connected(host, here.connector(), here.connector()) as session,
        ):
            plan = studio.plan(images=many, upload="each", family="legacy", ip_type="other", training_version="max")
            await studio.train(World(1, here.sim, session), plan)

    run_virtually(main)
    assert host.most == min(DECODED_AT_ONCE, 16), f"{host.most} at once"
    assert host.order == [f"{number:03d}.png" for number in range(MOST_EACH, COUNT)], json.dumps(host.order)
