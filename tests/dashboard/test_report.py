"""A report holds what came of a run, needs nothing else, and says nothing that it should not."""

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bria_async.dashboard.report import SAMPLE, write_report
from bria_async.errors import ConfigurationError, JournalError, RunPaused
from bria_async.graph.events import Happened
from bria_async.host import Host
from bria_async.training import train_many
from bria_async.training.place import Place
from bria_async.transport.limit import Rates
from tests.journals.runs import NAME, SHAPES
from tests.simulation.world import TOKEN, World
from tests.training.conftest import COUNT, Studio, copied

from .door import serving
from .html import Page
from .written import begun, images, plan, writing

Within = Callable[..., Any]
HOSTILE = "<img src=x onerror=alert(1)>&\"'"
JOURNALS = Path(__file__).parent.parent / "journals"
SENT = re.compile(r"^(\w+)(?: needs .*)?(?:\n.*){3}\n([\d,]*)\n(?:safe|findable|cheap|billed)$", re.MULTILINE)
"""A step of a report and its `Sent`, as text."""


def sent_by_steps(page: Page) -> dict[str, int]:
    """The requests of each step that sent some; their sum is the number of the head."""
    found = {name: int(number) for name, number in SENT.findall(page.text) if number}
    assert number_of(page, "creating requests") == sum(found.values()), found
    return found


def number_of(page: Page, name: str) -> int:
    """A number of the head."""
    return int(re.findall(rf"^{name}\s+([0-9,]+)$", page.text, re.MULTILINE)[0])


async def report(place: Place, to: Path, host: Host | None = None) -> Page:
    """Write a report, and read it."""
    await write_report(place, to, host or Host())
    assert TOKEN not in to.read_text(), "the token is in it"
    page = Page.of(to)
    assert page.stands_alone()
    return page


def test_a_run_that_is_done(studio: Studio, within: Within, tmp_path: Path) -> None:
    """Numbers, ids, steps, settings, every image with its caption, every sample with prompt and seed, and events."""

    async def main(here: World) -> None:
        prompts = ("a lighthouse", "a boat")
        done = await studio.train(here, studio.plan(samples=prompts, sample_seed=7, ip_name="Lora"))
        page = await report(studio.place, tmp_path / "report.html", here.session.host)
        assert sorted(max(size) for size in page.pictures) == [300 + number for number in range(COUNT)] + [SAMPLE] * 2
        assert len(page.all("details", "s-done")) == COUNT
        captions = [image.caption or "" for image in await here.session.images.list(done.dataset_id)]
        described = [re.sub(r'.*"short_description": "([^"]*)".*', r"\1", caption) for caption in captions]
        assert all(words in page.text for words in described), described
        for words in (*prompts, "seed 7", "Lora", f"{COUNT} of {COUNT}", f"bria-async generate {done.model_id}"):
            assert words in page.text, words
        assert (number_of(page, "trainings"), number_of(page, "generations")) == (1, 2)
        for made in (done.project_id, done.dataset_id, done.model_id):
            assert re.search(rf"\b{made}\b", page.text), made
        assert {"project", "schema", "upload", "trained", "sample"} <= set(page.text.splitlines()), "the steps"
        assert len(page.all("path")) > len(page.all("circle", "s-done")) > 10, "and the graph"
        assert not any(sample.url in page.text for sample in done.samples), "addresses of samples may be presigned"

    within(main)


def test_images_that_were_refused(studio: Studio, within: Within, tmp_path: Path) -> None:
    """What was left out is told with its reason, by a sign and in words; what was repeated is counted."""

    async def main(here: World) -> None:
        here.sim.fail("images.upload", status=412, match="3--", body={"message": "too small for us"})
        here.sim.fail("images.upload", status=429, match="5--", headers={"Retry-After": "20"})
        await studio.train(here, studio.plan(on_bad_image="skip"))
        page = await report(studio.place, tmp_path / "report.html", here.session.host)
        assert (len(page.all("details", "s-skipped")), len(page.all("details", "s-done"))) == (1, COUNT - 1)
        assert "too small for us" in page.text
        assert "left out 1" in page.text
        assert len(re.findall(r"^sent\s+1 time$", page.text, re.MULTILINE)) == COUNT - 1, "and the one that was refused"
        assert len(re.findall(r"^sent\s+2 times$", page.text, re.MULTILINE)) == 1, "the repeated one"
        assert sent_by_steps(page)["upload"] == COUNT + 1
        assert re.search(r"waited for 429\s+[1-9]", page.text), "the wait is counted"
        assert page.all("g", "k-429"), "and drawn"
        assert "The server refused 1 upload as too many (429)" in page.text

    within(main)


@pytest.mark.parametrize(
    ("rate", "words"),
    [(60, "keeps to 60 a minute (requests_per_minute), the dashed line"), (None, "No limit is known")],
)
def test_the_limit_of_uploads(studio: Studio, within: Within, tmp_path: Path, rate: float | None, words: str) -> None:
    """What the session was given; where it was given nothing, that, and how to give it."""

    async def main(here: World) -> None:
        here.session.rates = Rates.of(rate, ())
        await studio.train(here, studio.plan())
        page = await report(studio.place, tmp_path / "report.html", here.session.host)
        assert words in page.text
        assert "No upload was refused as one too many (429)" in page.text

    within(main)


def test_a_run_that_paused(studio: Studio, within: Within, tmp_path: Path) -> None:
    """It says why, what to type, and what is in doubt or to come."""

    async def main(here: World) -> None:
        here.sim.fail("models.create", status=403, body={"message": "no such right"})
        with pytest.raises(RunPaused):
            await studio.train(here, studio.plan(samples=("a boat",)))
        page = await report(studio.place, tmp_path / "report.html", here.session.host)
        assert "no such right" in page.text
        assert f"bria-async resume --state {shlex.quote(str(studio.state))} studio" in page.text
        assert "no picture yet" in page.text, "the sample is to come"
        assert sent_by_steps(page)["model"] == 1, "what was refused was sent"
        assert (number_of(page, "trainings"), number_of(page, "generations")) == (0, 0)
        assert "On the server" in page.text, "a project and a dataset are there"

    within(main)


def test_a_run_that_has_nothing_on_the_server(studio: Studio, within: Within, tmp_path: Path) -> None:
    """It has no heading over no ids."""

    async def main(here: World) -> None:
        here.sim.fail("projects.create", status=403, body={"message": "no such right"})
        with pytest.raises(RunPaused):
            await studio.train(here, studio.plan())
        page = await report(studio.place, tmp_path / "report.html", here.session.host)
        assert "On the server" not in page.text

    within(main)


@pytest.mark.fault("S1")
def test_hostile_names_captions_prompts_and_messages(studio: Studio, within: Within, tmp_path: Path) -> None:
    """Whatever anybody wrote is shown as it is, and nothing of it is markup."""
    folder = copied(studio.pictures, tmp_path / "hostile")
    (folder / "0.png").rename(folder / "<script>alert(1)<script>.png")
    for path in list(folder.iterdir()):
        path.with_suffix(".txt").write_text(f"{HOSTILE}</style><script>alert(2)</script>")

    async def main(here: World) -> None:
        here.sim.fail("images.upload", status=412, match="3--", body={"message": f"{HOSTILE}</dd><script>"})
        plan = studio.plan(images=folder, samples=(HOSTILE,), captions="files", on_bad_image="skip", ip_name=HOSTILE)
        await studio.train(here, plan)
        page = await report(studio.place, tmp_path / "report.html", here.session.host)
        assert page.text.count(f"{HOSTILE}</style><script>alert(2)</script>") == COUNT - 1, "as captions"
        assert "<script>alert(1)<script>.png" in page.text, "as a name"
        assert f"{HOSTILE}</dd><script>" in page.text, "as a reason"
        assert any(image.attributes["alt"] == HOSTILE for image in page.all("img")), "as a prompt"

    within(main)


def test_files_that_are_gone(studio: Studio, within: Within, tmp_path: Path) -> None:
    """A file that is gone or is another one is told in its place; thumbnails that were made are still shown."""
    folder = copied(studio.pictures, tmp_path / "mine")

    async def main(here: World) -> None:
        done = await studio.train(here, studio.plan(images=folder, samples=("a boat",)))
        (folder / "0.png").unlink()
        (folder / "1.png").write_bytes((folder / "2.png").read_bytes())
        done.samples[0].path.unlink()
        to, host = tmp_path / "report.html", here.session.host
        page = await report(studio.place, to, host)
        assert len(page.pictures) == COUNT - 2
        assert "no picture: is not the file that it was" in page.text
        assert len(page.all("span", "gone")) == 3, "two images and the sample"
        shutil.rmtree(folder)
        again = await report(studio.place, to, host)
        assert len(again.pictures) == COUNT - 2, "they were kept"

    within(main)


def test_a_folder_that_takes_nothing(studio: Studio, within: Within, tmp_path: Path) -> None:
    """Thumbnails that cannot be kept are made all the same; a file that cannot be written is one sentence."""

    async def main(here: World) -> None:
        await studio.train(here, studio.plan())
        (studio.place.folder / "thumbnails").write_text("in the way")
        page = await report(studio.place, tmp_path / "report.html", here.session.host)
        assert len(page.pictures) == COUNT
        with pytest.raises(ConfigurationError, match="cannot be written"):
            await write_report(studio.place, tmp_path / "nowhere" / "report.html", here.session.host)

    within(main)


@pytest.mark.parametrize("shape", SHAPES)
async def test_runs_of_every_shape(shape: str, tmp_path: Path) -> None:
    """Also runs that an older version left in their midst, whose process died and whose images are elsewhere."""
    place = Place.of(NAME, tmp_path)
    shutil.copytree(JOURNALS / "format-2" / shape, place.folder)
    page = await report(place, tmp_path / "report.html")
    assert "interrupted" in page.text
    assert page.pictures == []
    assert len(page.all("span", "gone")) >= len(page.all("details", "tile")) > 0, "each is told"


async def test_what_was_found_of_the_images(tmp_path: Path) -> None:
    """The first of it, warnings first, and how much there is; a page leads to the contact sheet, a file does not."""
    place = Place.of("cats", tmp_path)
    async with writing(place) as (bria, journal):
        ledger = await begun(bria, journal, plan(tmp_path, "cats"), images(tmp_path, 3))
        nothing = await report(place, tmp_path / "report.html")
        await ledger.record(Happened.NOTED, reason="3 images, 3 MB")
        for number in range(7):
            await ledger.record(Happened.WARNED, reason=f"{number}.png: dark")
        few = await report(place, tmp_path / "report.html")
        await ledger.record(Happened.WARNED, reason="7.png: dark")
        many = await report(place, tmp_path / "report.html")
    async with serving(tmp_path) as door:
        page = (await door.ask("/runs/cats")).text
    assert "Dataset" not in nothing.text
    lines = list(filter(None, few.text.partition("Dataset\n\n")[2].splitlines()))
    assert lines[:8] == [*(f"warning: {number}.png: dark" for number in range(7)), "3 images, 3 MB"]
    assert "all of them are among the events" not in few.text
    assert "The first 8 of 9: all of them are among the events." in many.text
    section = page.partition('id="dataset"')[2].partition("</section>")[0]
    assert '<a href="/runs/cats/inspection">See all on a contact sheet</a>' in section
    assert "contact sheet" not in many.text


def test_a_batch(studio: Studio, within: Within, tmp_path: Path) -> None:
    """A card for each run, with its state and the command for its own report, which works."""

    async def main(here: World) -> None:
        plans = [studio.plan(name=f"Run {number}", family="legacy") for number in range(3)]
        await train_many(here.session, plans, name="many", settings=studio.settings())
        place = Place.existing("many", studio.state)
        page = await report(place, tmp_path / "many.html", here.session.host)
        assert len(page.all("li", "card")) == 3
        assert [max(size) for size in page.pictures] == [96] * 4 * 3, "four images of each"
        assert f"bria-async report --state {shlex.quote(str(studio.state))} many/run-1" in page.text
        assert "3 of 3 trained" in page.text
        one = await report(place.run("run-1"), tmp_path / "one.html", here.session.host)
        assert len(one.pictures) == COUNT

    within(main)


def test_a_batch_whose_pictures_are_gone(studio: Studio, within: Within, tmp_path: Path) -> None:
    """A card has what is left of its run's pictures; thumbnails that were made are still shown."""
    folder = copied(studio.pictures, tmp_path / "mine")

    async def main(here: World) -> None:
        plans = [studio.plan(name="One", family="legacy", images=folder), studio.plan(name="Two", family="legacy")]
        await train_many(here.session, plans, name="many", settings=studio.settings())
        place, to, host = Place.existing("many", studio.state), tmp_path / "many.html", here.session.host
        (folder / "1.png").unlink()
        seen: list[tuple[int, int]] = []
        await write_report(place, to, host, lambda done, of: seen.append((done, of)))
        assert seen == [(1, 2), (2, 2)], "each run"
        assert len(Page.of(to).pictures) == 3 + 4
        shutil.rmtree(folder)
        assert len((await report(place, to, host)).pictures) == 3 + 4, "they were kept"

    within(main)


async def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    """It is an error, and no file."""
    with pytest.raises(JournalError):
        await write_report(Place.of("nobody", tmp_path), tmp_path / "report.html", Host())
    assert not (tmp_path / "report.html").exists()
