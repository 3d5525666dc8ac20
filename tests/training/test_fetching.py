"""Images that a plan names by their addresses: fetched once, fetched again where they are gone, and never others."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bria_async.errors import ImageError, PlanChanged, PlanInvalid, RunCancelled, RunPaused
from bria_async.session import Session
from bria_async.sim import Options
from bria_async.training import Batch, Plan, repair, train, train_many
from bria_async.types.common import MAX_IMAGE_BYTES
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.network import Clear, MemoryConnector, Trouble
from tests.simulation.world import ADDRESS, Land, World, connected, land

from .conftest import COUNT, Studio, clean
from .test_repair import flip

SECRET = "signature-0d5e1b"
HOSTED = {"zip_put_url": f"{ADDRESS}/_sim/files/set.zip", "zip_url": f"{ADDRESS}/_sim/files/set.zip"}


class Shelf:
    """Pictures at addresses, a list of them, and how often each was asked for."""

    def __init__(self, here: Land, session: Session, folder: Path) -> None:
        self.here = here
        self.world = World(1, here.sim, session)
        self.list = folder / "pictures.txt"
        self.asked: Counter[str] = Counter()
        self._folder = folder

    async def put(self, name: str, content: bytes) -> str:
        """Put something there; its address holds a secret."""
        file = self._folder / "put"
        file.write_bytes(content)
        await self.world.session.put_file(f"{ADDRESS}/_sim/files/{name}", file, content_type="image/png")
        return f"{ADDRESS}/_sim/files/{name}?key={SECRET}"

    def names(self, *addresses: str) -> Path:
        """Write the list."""
        self.list.write_text("\n".join(["# Pictures", "", *addresses, ""]))
        return self.list

    async def pictures(self, folder: Path) -> list[str]:
        """Put all files of a folder there, and list them."""
        found = [await self.put(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]
        self.names(*found)
        return found


Within = Callable[[Callable[[Shelf], Awaitable[None]]], None]


@pytest.fixture
def within(tmp_path: Path) -> Within:
    """Run a coroutine function of a shelf in a world of its own."""

    def run(main: Callable[[Shelf], Awaitable[None]]) -> None:
        async def live() -> None:
            shelf: Shelf

            async def see(request: web.Request) -> None:
                if request.method == "GET" and request.path.startswith("/_sim/files/"):
                    shelf.asked[request.path.rpartition("/")[2]] += 1

            async with (
                land(1, Options(seed=1), see=see) as here,
                connected(VirtualHost(1), here.connector(), here.connector()) as session,
            ):
                shelf = Shelf(here, session, tmp_path)
                await main(shelf)

        run_virtually(live)

    return run


async def begun(studio: Studio, shelf: Shelf, plan: Plan, **settings: Any) -> Path:
    """Begin a run, which stops before its dataset is there; returns the folder of its images."""
    shelf.world.sim.fail("datasets.create", status=403)
    with pytest.raises(RunPaused, match="403"):
        await studio.train(shelf.world, plan, **settings)
    return studio.place.folder / "images"


def test_a_list_is_trained_as_a_folder_is(studio: Studio, within: Within) -> None:
    """Each address is asked once, however often it stands there; files and keys have names of our own."""

    async def main(shelf: Shelf) -> None:
        addresses = await shelf.pictures(studio.pictures)
        shelf.names(*addresses, addresses[0])
        result = await studio.train(shelf.world, studio.plan(images=shelf.list, samples=("a harbour",)))
        assert (result.images, shelf.asked) == (COUNT, {f"{number}.png": 1 for number in range(COUNT)})
        files = sorted(path.name for path in (studio.place.folder / "images").iterdir())
        assert files == [f"{number + 3:04d}-{number}.png" for number in range(COUNT)], "line, and words of the address"
        names = {image.image_name.partition("--")[0] for image in shelf.world.sim.world.images.values()}
        assert names == {Path(name).stem for name in files}
        assert clean(shelf.world.sim), shelf.world.sim.audit()

    within(main)


def test_of_a_list_nothing_is_said_of_the_last_run(studio: Studio, within: Within) -> None:
    """Its images lie in the folder of each run: by their paths all would be new, and all gone."""

    async def main(shelf: Shelf) -> None:
        await shelf.pictures(studio.pictures)
        for name in ("One", "Two"):
            await studio.train(shelf.world, studio.plan(images=shelf.list, name=name))
        assert not [event for event in studio.happened("noted") if "last run" in event.data["reason"]]

    within(main)


def test_going_on_asks_nobody_again(studio: Studio, within: Within) -> None:
    """The list is compared with that of the beginning; what the addresses give by now is no matter."""

    async def main(shelf: Shelf) -> None:
        addresses = await shelf.pictures(studio.pictures)
        plan = studio.plan(images=shelf.list)
        await begun(studio, shelf, plan)
        await shelf.put("0.png", b"something else")
        shelf.names(*addresses[1:], await shelf.put("more.png", b"more"))
        with pytest.raises(PlanChanged) as changed:
            await studio.train(shelf.world, plan)
        assert changed.value.diff == (
            f"image added: {ADDRESS}/_sim/files/more.png (line {COUNT + 2})",
            f"image gone: {ADDRESS}/_sim/files/0.png",
        )
        shelf.names(*reversed(addresses))
        assert (await studio.train(shelf.world, plan)).images == COUNT
        assert set(shelf.asked.values()) == {1}, shelf.asked

    within(main)


@pytest.mark.parametrize("lost", ["all", "one", "damaged"])
@pytest.mark.parametrize("how", [{"family": "fibo"}, {"family": "legacy"}, {"upload": "zip", **HOSTED}])
def test_what_is_gone_is_fetched_again(
    studio: Studio, large: Path, within: Within, lost: str, how: dict[str, Any]
) -> None:
    """Once, for samples, uploads and the zip alike: a copy that was deleted or damaged costs a download."""
    fields = {name: value for name, value in how.items() if name not in HOSTED}
    settings = {name: value for name, value in how.items() if name in HOSTED}

    async def main(shelf: Shelf) -> None:
        await shelf.pictures(large)
        plan = studio.plan(images=shelf.list, **fields)
        images = sorted((await begun(studio, shelf, plan, **settings)).iterdir())
        for path in images if lost == "all" else images[:1]:
            path.write_bytes(b"damaged") if lost == "damaged" else path.unlink()
        if lost == "all":
            images[0].parent.rmdir()
        shelf.asked.clear()
        result = await studio.train(shelf.world, plan, **settings)
        shelf.asked.pop("set.zip", None)
        assert result.images == COUNT
        assert shelf.asked == {f"{number}.png": 1 for number in range(COUNT if lost == "all" else 1)}
        assert clean(shelf.world.sim), shelf.world.sim.audit()

    within(main)


@pytest.mark.parametrize("gone", [False, True])
def test_other_bytes_are_never_taken_for_an_image(studio: Studio, within: Within, gone: bool) -> None:
    """An address that gives something else, or nothing, stops the run, or is left out where the plan says so."""

    async def main(shelf: Shelf) -> None:
        addresses = await shelf.pictures(studio.pictures)
        plan = studio.plan(images=shelf.list)
        (await begun(studio, shelf, plan) / "0003-0.png").unlink()
        if gone:
            del shelf.world.sim.world.files["0.png"]
        else:
            await shelf.put("0.png", (studio.pictures / "1.png").read_bytes())
        words = "cannot be fetched any more: answered 404" if gone else "has changed since the run began"
        with pytest.raises(RunPaused, match=f"{ADDRESS}/_sim/files/0.png: {words}") as paused:
            await studio.resume(shelf.world)
        assert SECRET not in str(paused.value)
        result = await studio.resume(shelf.world, on_bad_image="skip")
        assert (result.images, shelf.asked["1.png"]) == (COUNT - 1, 1)
        assert addresses[0] not in str(studio.events)
        assert clean(shelf.world.sim), shelf.world.sim.audit()

    within(main)


async def bad_ones(shelf: Shelf) -> dict[str, str]:
    """Addresses that give no image, and why."""
    return {
        f"{ADDRESS}/_sim/files/nothing.png": "answered 404",
        await shelf.put("words.png", b"not a picture"): "is not an image; the API takes JPEG, PNG and WebP",
        await shelf.put("empty.png", b""): "is empty",
        await shelf.put("large.png", bytes(MAX_IMAGE_BYTES + 1)): f"is larger than {MAX_IMAGE_BYTES} bytes",
    }


def test_bad_addresses_are_problems_of_the_plan(studio: Studio, within: Within) -> None:
    """All are told with their lines, and nothing is created; where the plan says so they are left out, for good."""

    async def main(shelf: Shelf) -> None:
        good, bad = await shelf.pictures(studio.pictures), await bad_ones(shelf)
        shelf.names(*bad, *good)
        with pytest.raises(PlanInvalid) as refused:
            await studio.train(shelf.world, studio.plan(images=shelf.list))
        assert refused.value.problems == tuple(
            f"{url.partition('?')[0]} (line {line}): {why} (leave it out, or on_bad_image=skip)"
            for line, (url, why) in enumerate(bad.items(), 3)
        )
        assert not shelf.world.sim.requests
        plan = studio.plan(images=shelf.list, on_bad_image="skip")
        await begun(studio, shelf, plan)
        warned = [event.data["reason"] for event in studio.happened("warned")]
        assert len([words for words in warned if words.startswith("left out: http")]) == len(bad), warned
        assert SECRET not in str(warned)
        shelf.asked.clear()
        assert (await studio.train(shelf.world, plan)).images == COUNT
        assert not shelf.asked, "nor does it take what was left out for added"

    within(main)


class Refusing(Clear):
    """A sky under which no connection comes about."""

    def refuses(self) -> bool:
        """Always."""
        return True


def test_no_outage_leaves_images_out(studio: Studio, within: Within) -> None:
    """An address that cannot be asked now is no bad image: whatever the plan says, the run does not begin."""

    async def main(shelf: Shelf) -> None:
        await shelf.pictures(studio.pictures)
        nowhere = MemoryConnector(shelf.here.server, random.Random(1), Refusing())
        async with connected(VirtualHost(1), shelf.here.connector(), nowhere) as session:
            plan = studio.plan(images=shelf.list, on_bad_image="skip")
            with pytest.raises(PlanInvalid, match="no connection") as refused:
                await train(session, plan, settings=studio.settings())
        assert len(refused.value.problems) == COUNT
        assert all("(take it out of the list, or try again)" in problem for problem in refused.value.problems)
        assert not studio.place.journal.exists()

    within(main)


async def test_private_addresses_are_refused(bria: Session, studio: Studio, tmp_path: Path) -> None:
    """As `Session.download` does: nothing is asked of them."""
    private = ("http://10.1.2.3/a.png", "http://169.254.169.254/latest/meta-data")
    (tmp_path / "list").write_text("\n".join(private))
    with pytest.raises(PlanInvalid) as refused:
        await train(bria, studio.plan(images=tmp_path / "list"), settings=studio.settings())
    assert refused.value.problems == tuple(
        f"{url} (line {line}): it is not a public address (take it out of the list, or try again)"
        for line, url in enumerate(private, 1)
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n", "neither a folder of images nor a text file"),
        (b"", "is empty"),
        (b"# all gone\n\n", "no image in"),
        (b"http://a/1.png a caption\n", "in line 1 something else than one http or https address"),
        (b"\n# \nftp://a/1.png", "in line 3 something else"),
        (b"https:///1.png", "in line 1 something else"),
        (b"images = 'cats'", "in line 1 something else"),
    ],
)
async def test_what_is_no_list_is_refused(
    bria: Session, studio: Studio, tmp_path: Path, content: bytes, words: str
) -> None:
    """With a sentence that names the file and the line."""
    (tmp_path / "list").write_bytes(content)
    with pytest.raises((ImageError, PlanInvalid)) as refused:
        await train(bria, studio.plan(images=tmp_path / "list"), settings=studio.settings())
    assert words in str(refused.value), refused.value
    assert str(tmp_path / "list") in str(refused.value)


def test_what_is_wrong_anyway_is_told_before_anything_is_fetched(studio: Studio, within: Within) -> None:
    """Such as captions in files, which lie beside no address."""

    async def main(shelf: Shelf) -> None:
        await shelf.pictures(studio.pictures)
        plan = studio.plan(images=shelf.list, captions="files", ip_type=None)
        with pytest.raises(PlanInvalid, match="captions=files needs a folder") as refused:
            await studio.train(shelf.world, plan)
        assert "ip_type is needed" in refused.value.problems
        assert not shelf.asked

    within(main)


def test_in_a_batch_each_run_has_images_of_its_own(studio: Studio, within: Within) -> None:
    """Lists and folders go together; a run that cannot begin says why."""

    async def main(shelf: Shelf) -> None:
        addresses = await shelf.pictures(studio.pictures)
        short = shelf.list.with_name("short.txt")
        short.write_text(addresses[0])
        plans = [
            studio.plan(name="listed", images=shelf.list),
            studio.plan(name="short", images=short),
            studio.plan(name="folder"),
        ]
        result = await train_many(shelf.world.session, plans, name="many", settings=studio.settings())
        assert set(result.trained) == {"listed", "folder"}, result.failed
        assert "needs at least 5 images, 1 can be used" in str(result.failed["short"])
        assert len(list((studio.state / "many" / "listed" / "images").iterdir())) == COUNT
        assert clean(shelf.world.sim), shelf.world.sim.audit()

    within(main)


def test_a_batch_goes_on_with_the_list_it_began_with(studio: Studio, within: Within) -> None:
    """Addresses that were signed anew make another list, which is only looked at where it is given again."""

    async def main(shelf: Shelf) -> None:
        addresses = await shelf.pictures(studio.pictures)
        how: dict[str, Any] = {"name": "many", "settings": studio.settings()}
        shelf.world.sim.fail("datasets.create", status=403)
        await train_many(shelf.world.session, [studio.plan(images=shelf.list)], **how)
        shelf.names(*(f"{address}-anew" for address in addresses))
        result = await train_many(shelf.world.session, [studio.plan(images=shelf.list)], **how)
        assert isinstance(result.failed["studio"], PlanChanged), result
        assert list((await train_many(shelf.world.session, **how)).trained) == ["studio"]
        assert set(shelf.asked.values()) == {1}, shelf.asked

    within(main)


class Silent:
    """A sky under which nobody is answered."""

    def refuses(self) -> bool:
        """Never."""
        return False

    def trouble(self, path: str) -> Trouble:  # all alike
        """Answers are swallowed."""
        return Trouble("hole", "down", 0)

    def struck(self, kind: str) -> None:
        """It is what was asked for."""


def test_servers_that_do_not_answer_hold_up_nobody_else(studio: Studio, within: Within) -> None:
    """Neither runs that have folders, nor whoever stops the batch."""

    async def main(shelf: Shelf) -> None:
        await shelf.pictures(studio.pictures)
        slow = [studio.plan(name=f"slow {number}", images=shelf.list) for number in range(3)]
        silent = MemoryConnector(shelf.here.server, random.Random(1), Silent())
        loop, events = asyncio.get_running_loop(), []
        async with connected(VirtualHost(1), shelf.here.connector(), silent) as session:
            began = loop.time()
            plans = [*slow, studio.plan(name="quick")]
            async with Batch(session, plans, name="many", settings=studio.settings()) as batch:
                async for event in batch:
                    events.append(event)
                    if event.what == "finished":
                        break
            assert {event.run for event in events} == {"quick"}
            assert loop.time() - began < 10, "it has waited for them"
        assert {type(error) for error in batch.result().failed.values()} == {RunCancelled}

    within(main)


@pytest.mark.parametrize("lost", [False, True])
def test_repair_knows_the_addresses(studio: Studio, within: Within, lost: bool) -> None:
    """From the damaged journal, or by fetching them again where that is lost."""

    async def main(shelf: Shelf) -> None:
        shelf.names(*await shelf.pictures(studio.pictures), *await bad_ones(shelf))
        plan = studio.plan(images=shelf.list, on_bad_image="skip")
        await begun(studio, shelf, plan)
        if lost:
            studio.place.journal.unlink()
        else:
            flip(studio.place.journal, "event")
        shelf.asked.clear()
        await repair(shelf.world.session, "studio", plan=plan, settings=studio.settings())
        assert shelf.asked["0.png"] == lost
        assert (await studio.train(shelf.world, plan)).images == COUNT
        assert clean(shelf.world.sim), shelf.world.sim.audit()

    within(main)
