"""The contact sheet: one file that shows each image with what is wrong with it, and runs nothing but its own script."""

import base64
import hashlib
import io
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from PIL import Image

from bria_async.dashboard.sheet import write_sheet
from bria_async.dashboard.thumbnails import LARGE, MANY, SMALL
from bria_async.dashboard.web.made import Made
from bria_async.errors import ConfigurationError
from bria_async.graph.events import Happened
from bria_async.host import Host
from bria_async.images import inspect
from bria_async.images.thumbnail import thumbnail
from bria_async.training import Plan
from bria_async.training.place import Place
from tests.dashboard.written import begun, images, writing
from tests.images.files import encoded, jpeg, picture, write

HOSTILE = '</script><script>alert("1")</script>'


class Page(HTMLParser):
    """What a browser would make of it: elements with their attributes, and their texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "img", "input"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close it, and what was left open inside."""
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Keep it with the element it is in."""
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data.strip())

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of each element of this kind."""
        return [attributes for name, attributes in self.elements if name == tag]


async def sheet_of(folder: Path, to: Path) -> tuple[Page, str]:
    """The sheet of a folder."""
    text = (await write_sheet(await inspect(folder), to)).read_text()
    return Page(text), text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good image, a copy that looks the same, a damaged one, and names and captions that would run scripts."""
    folder = tmp_path / "Cats"
    for seed in range(4):
        jpeg(folder / f"good-{seed}.jpg", seed)
    write(folder / "copy.webp", encoded(picture(seed=1), "WEBP"))
    write(folder / "cut.jpg", (folder / "good-1.jpg").read_bytes()[:-2])
    write(folder / '"><img src=x onerror=alert(1)>.jpg', encoded(picture(seed=9), "JPEG"))
    write(folder / "good-2.txt", HOSTILE.encode())
    write(folder / "good-3.txt", b"{{ 7 * 7 }} & <b>")
    return folder


async def test_every_image_is_there_with_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    """A tile each, with its level in words and not by colour alone; copies side by side; a button for each finding."""
    page, text = await sheet_of(folder, tmp_path / "sheet.html")
    tiles = [element for element in page.all("article") if "tile" in element["class"]]
    assert len(tiles) == 7 + 2, "one for each file, and two side by side"
    by_name = {tile["data-text"].partition(" ")[0]: tile for tile in tiles}
    assert (by_name["cut.jpg"]["class"], by_name["cut.jpg"]["data-codes"]) == ("tile error", "damaged")
    assert by_name["copy.webp"]["data-codes"] == "caption-missing near-duplicate"
    assert by_name["good-3.jpg"]["class"] == "tile fine"
    assert float(by_name["good-3.jpg"]["data-sharpness"]) > 0
    buttons = {button["data-code"] for button in page.all("button")}
    assert {"", "damaged", "near-duplicate", "caption-missing"} == buttons, buttons
    assert any("error: damaged" in words for words in page.texts["strong"]), page.texts["strong"]
    assert any("2 pictures look the same" in words for words in page.texts["h3"]), page.texts["h3"]
    assert "Look again" not in text and "Back to the run" not in text, "a file has no page to go back to"
    assert "family fibo" in text and "aspect ratios" in text


async def test_the_worst_come_first(folder: Path, tmp_path: Path) -> None:
    """Without a script, too: what has errors, warnings, infos and nothing, and of each kind the first by name."""
    icon = Image.new("RGB", (1024, 1024), "white")
    icon.paste("teal", (460, 460, 560, 560))
    write(folder / "icon.png", encoded(icon, "PNG"))
    write(folder / "icon.txt", b"an icon")
    page, _ = await sheet_of(folder, tmp_path / "sheet.html")
    found = [tile for tile in page.all("article") if "tile" in tile["class"]][2:]  # two stand side by side above all
    assert [tile["data-text"].partition(" ")[0] for tile in found] == [
        "cut.jpg",
        '"><img',
        "copy.webp",
        "good-0.jpg",
        "good-1.jpg",
        "icon.png",
        "good-2.jpg",
        "good-3.jpg",
    ]
    assert [tile["data-rank"] for tile in found] == list("01111233")


async def test_texts_of_no_image_are_told_of_the_set(folder: Path, tmp_path: Path) -> None:
    """They have no tile; their names are texts of strangers, too."""
    write(folder / f"{HOSTILE.replace('/', '')}.txt", b"a caption")
    page, text = await sheet_of(folder, tmp_path / "sheet.html")
    told = [words for words in page.texts["li"] if "no image of this stem" in words]
    assert [words.partition(":")[0] for words in told] == [f"{HOSTILE.replace('/', '')}.txt"], told
    assert "caption-orphan" in text and len(page.all("script")) == 1


async def test_a_copy_is_as_large_as_what_it_copies(folder: Path, tmp_path: Path) -> None:
    """Each file with the same bytes tells its size, beside the other and among all."""
    shutil.copyfile(folder / "good-0.jpg", folder / "same.jpg")
    page, _ = await sheet_of(folder, tmp_path / "sheet.html")
    sizes = [words for words in page.texts["span"] if re.fullmatch(r"\d+ x \d+", words)]
    assert len(sizes) == 7 + 2 + 2, "all but the damaged one; two that look the same, and two that are"


async def test_texts_of_strangers_stay_texts(folder: Path, tmp_path: Path) -> None:
    """A name or a caption that would be a tag or a template is shown as it is written, and makes no element."""
    page, _ = await sheet_of(folder, tmp_path / "sheet.html")
    assert len(page.all("script")) == 1, "a caption became a script"
    assert all(set(image) == {"src", "alt", "loading", "decoding"} for image in page.all("img")), "a name became a tag"
    assert HOSTILE in [words for texts in page.texts.values() for words in texts]
    assert "{{ 7 * 7 }} & <b>" in [words for texts in page.texts.values() for words in texts]
    assert '"><img src=x onerror=alert(1)>.jpg' in page.texts["h3"]


async def test_nothing_comes_from_elsewhere_and_no_other_script_runs(folder: Path, tmp_path: Path) -> None:
    """Pictures are inline, and the policy names our script and our style by what is in them."""
    page, text = await sheet_of(folder, tmp_path / "sheet.html")
    addresses = {attributes.get(name, "#") for _, attributes in page.elements for name in ("src", "href")}
    assert all(address.startswith(("data:image/webp;base64,", "#")) for address in addresses), addresses
    assert "url(" not in text and "@import" not in text
    (policy,) = [meta["content"] for meta in page.all("meta") if "content-security-policy" in str(meta).lower()]
    for tag in ("script", "style"):
        (source,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy, policy
    assert policy.startswith("default-src 'none'; img-src data:;") and "unsafe" not in policy


async def test_many_images_have_small_thumbnails(tmp_path: Path) -> None:
    """Up to 200 are large; of more each takes some kilobytes, so that thousands fit into one file."""
    folder = tmp_path / "Many"
    for number in range(MANY + 1):
        write(folder / f"{number:03d}.jpg", encoded(picture(size=(300, 260), seed=number), "JPEG"))
    found = await inspect(folder)

    async def sides() -> set[int]:
        page = Page((await write_sheet(found, tmp_path / "sheet.html")).read_text())
        data = [base64.b64decode(image["src"].partition(",")[2]) for image in page.all("img")]
        return {max(Image.open(io.BytesIO(one)).size) for one in data}

    assert await sides() == {SMALL}
    (folder / "000.jpg").unlink()
    found = await inspect(folder)
    assert await sides() == {300}, f"at most {LARGE}, and none is enlarged"


async def test_a_sheet_that_cannot_be_written_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    """The folder is not there, and nothing is left behind; one that is there is replaced."""
    found = await inspect(folder)
    with pytest.raises(ConfigurationError, match="cannot be written: No such file"):
        await write_sheet(found, tmp_path / "nowhere" / "sheet.html")
    (tmp_path / "sheet.html").write_text("old")
    await write_sheet(found, tmp_path / "sheet.html")
    assert (tmp_path / "sheet.html").read_text().startswith("<!doctype html>")
    assert {path.name for path in tmp_path.iterdir()} == {"Cats", "sheet.html"}


@pytest.mark.parametrize("name", ["good-0.jpg", "nameless", "good-2.txt", "new.png", "../other/good-0.jpg", "../Link"])
async def test_a_sheet_takes_the_place_of_no_image(folder: Path, tmp_path: Path, name: str) -> None:
    """Nor of a caption, whatever leads to it; a name that images have is refused where nothing is, too."""
    (folder / "good-1.jpg").rename(folder / "nameless")
    (tmp_path / "other").symlink_to(folder)
    (tmp_path / "Link").hardlink_to(folder / "nameless")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ConfigurationError, match="an image or a caption"):
        await write_sheet(await inspect(folder), folder / name)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_thumbnail_is_upright_and_holds_nothing_but_pixels(tmp_path: Path) -> None:
    """Small, turned as it is seen, transparent where the image is, and without metadata."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "where I live"
    path = write(tmp_path / "turned.jpg", encoded(picture(size=(1200, 600)), "JPEG", exif=exif))
    made = thumbnail(path, 100)
    with Image.open(io.BytesIO(made)) as image:
        assert (image.format, image.size) == ("WEBP", (50, 100))
    assert b"where I live" not in made and b"EXIF" not in made
    clear = picture("RGBA", size=(64, 64))
    clear.putalpha(0)
    with Image.open(io.BytesIO(thumbnail(encoded(clear, "PNG"), 32))) as image:
        assert image.convert("RGBA").getchannel("A").getextrema() == (0, 0)


async def test_the_inspection_of_a_run_knows_its_plan_and_its_rate(folder: Path, tmp_path: Path) -> None:
    """Its family, that the server may not enlarge, and the rate that it was last kept to."""
    place, made = Place.of("cats", tmp_path / "runs"), Made(Host())
    jpeg(folder / "small.jpg", size=(600, 512))
    async with writing(place) as (bria, journal):
        plan = Plan(images=folder, name="cats", ip_type="icons", family="legacy", increase_resolution=False)
        ledger = await begun(bria, journal, plan, images(folder, 1))
        for rate in (60.0, 7.0):
            await ledger.settle_run("running", None, Happened.RESUMED, uploads_per_minute=rate)
    async for _ in made.kept(web.Application()):
        words = (await made.inspection(place)).read_text()
    assert "each side needs 1024" in words
    assert "at 7 requests a minute; the training takes 1 to 3 hours" in words


async def inspected(folder: Path, runs: Path, **fields: Any) -> Page:
    """The inspection that a dashboard makes of a run with such a plan."""
    place, made = Place.of("cats", runs), Made(Host())
    async with writing(place) as (bria, journal):
        plan = Plan(images=folder, name="cats", ip_type="icons", **fields)
        await begun(bria, journal, plan, images(folder, 1))
    async for _ in made.kept(web.Application()):
        page = Page((await made.inspection(place)).read_text())
    return page


def tiles(page: Page) -> dict[str, tuple[str, set[str]]]:
    """The worst level of each file's findings, and their codes."""
    found = [tile for tile in page.all("article") if "tile" in tile["class"]]
    return {one["data-text"].partition(" ")[0]: (one["class"], set(one["data-codes"].split())) for one in found}


async def test_the_inspection_of_a_run_says_what_its_training_says(folder: Path, tmp_path: Path) -> None:
    """How its images go, whether texts beside them count, and what becomes of bad ones: all are of its plan."""
    jpeg(folder / "small.jpg", seed=7, size=(600, 512))
    zipped = tiles(await inspected(folder, tmp_path / "zipped", upload="zip", captions="files"))
    assert zipped["small.jpg"] == ("tile error", {"caption-missing", "small"}), zipped
    assert zipped["good-0.jpg"] == ("tile error", {"caption-missing"}), zipped
    skipped = tiles(await inspected(folder, tmp_path / "skipped", upload="zip", on_bad_image="skip"))
    assert skipped["small.jpg"] == ("tile warning", {"small"}), skipped
    assert skipped["cut.jpg"] == ("tile warning", {"damaged"}), skipped
    assert skipped["good-0.jpg"] == ("tile fine", set()), "the server writes its caption"
