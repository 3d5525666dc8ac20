"""Sets of more images than a basic dataset holds: uploads begin before all are decoded, and nothing damaged is sent."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PIL import Image

from bria_async.errors import PlanInvalid, RunPaused
from bria_async.graph import feed
from bria_async.graph.control import APPROVE, Request
from bria_async.graph.events import Event
from bria_async.images.folder import DECODED_BESIDE_UPLOADS
from bria_async.images.probe import check
from bria_async.sim import Options
from bria_async.sim.faults import When
from bria_async.training import resume, train, train_many
from bria_async.types.trainings import MOST_EACH
from bria_async.wire.polling import Polling
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.world import ADDRESS, World, connected, land

from .conftest import Studio, clean, drawings

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


def told(studio: Studio) -> dict[str, list[int]]:
    """What images were warned of so far, in all goes, but for their sizes: the numbers of its events."""
    found: dict[str, list[int]] = {}
    for number, event in feed.events(studio.place.journal, "studio"):
        if event.what == "warned" and "sides below" not in event.data["reason"]:
            found.setdefault(event.data["reason"].partition(":")[0], []).append(number)
    return found


def number_of(studio: Studio, what: str, task: str = "") -> int:
    """The number of the last such event."""
    events = feed.events(studio.place.journal, "studio")
    return max(number for number, event in events if (event.what, event.task) == (what, task))


BY_ITSELF = ("001.png", "a basic dataset holds 200 images")
TOGETHER = (f"000.png, {LATE}", "002.png, 003.png", "208.png")


def test_what_pixels_show_is_told_before_the_training(studio: Studio, within: Within, tmp_path: Path) -> None:
    """By itself with its upload, beside the others once and when all are there; of the first as of the last."""
    drawings(tmp_path, COUNT)

    async def main(here: World) -> None:
        await studio.train(here, studio.plan(images=tmp_path, upload="each"))
        numbers = told(studio)
        assert [*numbers] == [*BY_ITSELF, "207.png", *TOGETHER]
        seen = {about: number for about, (number,) in numbers.items()}
        last, started = number_of(studio, "finished", "upload"), number_of(studio, "announced", "training")
        assert seen["207.png"] < last < seen[f"000.png, {LATE}"] < seen["208.png"] < started, seen
        (compared,) = studio.happened("compared")
        assert compared.data["reason"] == f"{COUNT} images were compared with each other"

    within(main, **LARGE)


def test_what_pixels_show_is_told_while_captions_are_waited_for(studio: Studio, within: Within, tmp_path: Path) -> None:
    """A run that pauses because they never come has told it."""
    drawings(tmp_path, COUNT)

    async def main(here: World) -> None:
        with pytest.raises(RunPaused, match="no caption"):
            await studio.train(here, studio.plan(images=tmp_path, upload="each"), waiting=Polling(timeout=600.0))
        assert len(studio.happened("compared")) == 1

    within(main, caption_delay=10_000.0, **LARGE)


def test_what_pixels_show_is_told_once_however_often_it_goes_on(studio: Studio, within: Within, tmp_path: Path) -> None:
    """Of an image that is sent anew, and of all where captions are waited for anew; whoever decoded which."""
    drawings(tmp_path, COUNT)
    with Image.open(tmp_path / "207.png") as dark:
        dark.resize((300, 300), Image.Resampling.NEAREST).save(tmp_path / "206.png")

    async def main(here: World) -> None:
        def approve(event: Event) -> None:
            studio.events.append(event)
            if event.what == "asked_for_approval":
                studio.place.control.ask(Request(APPROVE), here.session.host)
                here.sim.fail("images.list", status=403)

        here.sim.fail("images.upload", status=403, match="207--")
        with pytest.raises(RunPaused, match="403"):
            await studio.train(here, studio.plan(images=tmp_path, upload="each", review=True))
        assert "206.png" in told(studio) and "207.png" not in told(studio)
        here.sim.fail("images.list", status=403)
        with pytest.raises(RunPaused, match="403"):
            await studio.resume(here)
        assert not studio.happened("compared"), "images were read before the server was asked"
        with pytest.raises(RunPaused, match="403"):
            await resume(here.session, "studio", settings=studio.settings(), on_event=[approve])
        assert len(studio.happened("compared")) == 1
        await studio.resume(here)
        assert not studio.happened("compared")
        numbers = told(studio)
        assert numbers.keys() == {*BY_ITSELF, *TOGETHER, "206.png", "207.png", "206.png, 207.png"}
        assert all(len(found) == 1 for found in numbers.values()), numbers

    within(main, **LARGE)


@pytest.mark.parametrize(("when", "is_there"), [("before", True), ("after", True), ("after", False)])
def test_an_image_whose_answer_was_lost_is_told_with_the_others(
    studio: Studio, within: Within, tmp_path: Path, when: When, is_there: bool
) -> None:
    """Decoded again, whether it was found on the server or sent again; what is not there any more is left out."""
    drawings(tmp_path, COUNT)
    dark = tmp_path / "207.png"

    def removed(event: Event) -> None:
        if event.what == "lost" and not is_there:
            dark.unlink()

    async def main(here: World) -> None:
        here.sim.fail("images.upload", when=when, drop=True, match="207--")
        plan = studio.plan(images=tmp_path, upload="each")
        await train(here.session, plan, settings=studio.settings(), on_event=[studio.events.append, removed])
        numbers = told(studio)
        assert numbers.keys() == {*BY_ITSELF, *TOGETHER, "207.png"}
        assert min(numbers["207.png"]) > number_of(studio, "finished", "upload")
        warned = [str(event.data["reason"]) for event in studio.happened("warned") if "207.png" in str(event.data)]
        (words,) = [words for words in warned if "sides below" not in words]
        assert ("dark: " if is_there else "could not be looked at again") in words
        (compared,) = studio.happened("compared")
        assert compared.data["reason"].startswith(f"{COUNT if is_there else COUNT - 1} images ")

    within(main, **LARGE)


def test_what_was_decoded_before_is_compared_where_the_others_are_left_out(
    studio: Studio, within: Within, tmp_path: Path
) -> None:
    """Nobody compared it when the run began."""
    drawings(tmp_path, COUNT)
    for number in range(MOST_EACH, COUNT):
        damage(tmp_path / f"{number:03d}.png")

    async def main(here: World) -> None:
        await studio.train(here, studio.plan(images=tmp_path, upload="each", on_bad_image="skip"))
        assert [*told(studio)] == [*BY_ITSELF, "002.png, 003.png"]

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


def test_a_few_more_at_once_than_there_are_processors_in_the_order_of_the_uploads(studio: Studio, many: Path) -> None:
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
    assert host.most == min(DECODED_BESIDE_UPLOADS, 16), f"{host.most} at once"
    assert host.order == [f"{number:03d}.png" for number in range(MOST_EACH, COUNT)], json.dumps(host.order)
