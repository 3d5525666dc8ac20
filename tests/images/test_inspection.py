"""A folder is looked at before anything is paid for: pictures that these tests draw, and what is said of each."""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import attrs
import pytest
from PIL import Image, ImageEnhance, ImageFilter

import bria_async
from bria_async.errors import ConfigurationError, ImageError
from bria_async.images import Finding, Inspection, inspect
from bria_async.images.captions import KEPT, LARGEST_TEXT
from bria_async.images.inspection import inspect_for
from bria_async.images.pictures import draw
from bria_async.images.terms import Terms
from bria_async.types.trainings import Family
from tests.images.files import beyond_reach, encoded, jpeg, odd, picture, write

ROOT = Path(bria_async.__file__).parent
ROOM = ROOT / "images"
ERRORS = ROOT / "errors" / "results.py"
DOCS = ROOT.parent / "docs" / "inspect.md"
COUNT = 8
ONE_BY_ONE = 200


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight different pictures of one character."""
    folder = tmp_path_factory.mktemp("drawn")
    draw(folder, COUNT)
    return folder


@pytest.fixture
def folder(drawn: Path, tmp_path: Path) -> Path:
    """A folder of one's own with those pictures."""
    return Path(shutil.copytree(drawn, tmp_path / "Cats"))


def opened(path: Path) -> Image.Image:
    """A picture's pixels."""
    with Image.open(path) as image:
        return image.convert("RGB")


def of(found: Inspection, code: str) -> list[Finding]:
    """The findings with this code."""
    return [finding for finding in found.findings if finding.code == code]


def names(findings: Iterable[Finding]) -> list[list[str]]:
    """The files of each finding."""
    return [[path.name for path in finding.files] for finding in findings]


async def test_good_pictures_have_no_errors_and_no_warnings(folder: Path) -> None:
    """Different pictures of one character are not taken for copies, nor night for darkness; infos tell the set."""
    found = await inspect(folder)
    assert (found.of("error"), found.of("warning")) == ((), ()), found.findings
    assert [finding.code for finding in found.findings] == ["aspects", "time", "captions"], found.findings
    assert len(found.images) == COUNT and found.folder == folder


async def test_copies_that_are_not_byte_for_byte_the_same_are_grouped(folder: Path) -> None:
    """One encoded anew, one scaled and one brightened belong to their picture, and to no other."""
    first, second = folder / "lora-001.png", folder / "lora-002.jpg"
    opened(first).save(folder / "encoded.jpg", quality=50)
    half = opened(first)
    half.resize((half.width // 2, half.height // 2)).save(folder / "scaled.webp")
    ImageEnhance.Brightness(opened(second)).enhance(1.15).save(folder / "brightened.png")
    found = await inspect(folder)
    assert names(of(found, "near-duplicate")) == [
        ["brightened.png", "lora-002.jpg"],
        ["encoded.jpg", "lora-001.png", "scaled.webp"],
    ], of(found, "near-duplicate")


async def test_a_copy_that_is_turned_by_its_metadata_is_still_a_copy(folder: Path) -> None:
    """Pictures are compared as they are seen, and not as they are stored."""
    turned = opened(folder / "lora-001.png").transpose(Image.Transpose.ROTATE_90)
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(folder / "turned.jpg", exif=exif)
    found = await inspect(folder)
    assert names(of(found, "near-duplicate")) == [["lora-001.png", "turned.jpg"]], found.findings
    assert names(of(found, "turned")) == [["turned.jpg"]]


async def test_a_blurred_picture_is_the_blurriest(folder: Path) -> None:
    """By rank, and told where it is far below the others; a darker copy of a picture is as sharp as that."""
    opened(folder / "lora-003.png").filter(ImageFilter.GaussianBlur(4)).rotate(180).save(folder / "soft.jpg")
    ImageEnhance.Brightness(opened(folder / "lora-004.jpg")).enhance(0.5).rotate(180).save(folder / "dim.png")
    found = await inspect(folder)
    sharpness = {image.path.name: image.measures.sharpness for image in found.images if image.measures}
    assert min(sharpness, key=sharpness.__getitem__) == "soft.jpg", sharpness
    assert sharpness["dim.png"] == pytest.approx(sharpness["lora-004.jpg"], rel=0.3), sharpness
    assert names(of(found, "blurry")) == [["soft.jpg"]], of(found, "blurry")


async def test_dark_white_and_blank_pictures_are_told(folder: Path) -> None:
    """Each once and for one reason: what is blank is not also dark, nor two blank ones copies of each other."""
    ImageEnhance.Brightness(opened(folder / "lora-004.jpg")).enhance(0.12).rotate(180).save(folder / "dark.jpg")
    icon = Image.new("RGB", (1024, 1024), "white")
    icon.paste("teal", (460, 460, 560, 560))
    icon.save(folder / "icon.png")
    Image.new("RGB", (1024, 1024), "black").save(folder / "night.png")
    Image.new("RGB", (1024, 1024), "beige").save(folder / "paper.png")
    found = await inspect(folder)
    assert names(of(found, "dark")) == [["dark.jpg"]], found.findings
    assert names(of(found, "blank")) == [["night.png"], ["paper.png"]], found.findings
    assert names(of(found, "bright")) == names(of(found, "plain")) == [["icon.png"]], found.findings
    assert of(found, "near-duplicate") == []


async def test_what_is_wrong_with_a_file_has_a_code(folder: Path) -> None:
    """Each oddity and each fault of a file has a short code, beside its words."""
    odd(folder)
    write(folder / "palette.png", encoded(picture("P", seed=3), "PNG"))
    write(folder / "long.png", encoded(picture(size=(3000, 1100), seed=8), "PNG"))
    write(folder / "empty.png", b"")
    write(folder / "note.jpg", b"a note")
    write(folder / "tiny.png", encoded(picture(size=(90, 90), seed=9), "PNG"))
    write(folder / "cut.jpg", (folder / "wrong.png").read_bytes()[:-2])
    shutil.copy(folder / "lora-001.png", folder / "same.png")
    found = await inspect(folder)
    told = {(finding.level, finding.code): [path.name for path in finding.files] for finding in found.findings}
    expected = {
        ("error", "damaged"): ["cut.jpg"],
        ("error", "empty"): ["empty.png"],
        ("error", "wrong-type"): ["note.jpg"],
        ("error", "too-small"): ["tiny.png"],
        ("warning", "duplicate"): ["lora-001.png", "same.png"],
        ("warning", "extension"): ["wrong.png"],
        ("warning", "cmyk"): ["cmyk.jpg"],
        ("warning", "palette"): ["palette.png"],
        ("warning", "small"): ["small.png"],
        ("warning", "transparent"): ["clear.png"],
        ("warning", "animated"): ["moving.webp"],
        ("warning", "odd-aspect"): ["long.png"],
    }
    assert expected.items() <= told.items(), told
    assert [finding.level for finding in found.findings] == sorted(
        (finding.level for finding in found.findings), key=["error", "warning", "info"].index
    ), "errors come first"


async def test_captions_beside_images(folder: Path) -> None:
    """Missing, empty, unreadable, too long, the same twice, and all with the same beginning."""
    for number in (1, 3, 4, 5):
        (folder / f"lora-00{number}").with_suffix(".txt").write_text(f"a photo of Lora, number {number}")
    (folder / "lora-005.txt").write_text("a  photo of LORA, number 4")
    (folder / "lora-006.txt").write_text(" \n")
    (folder / "lora-007.txt").write_bytes(b"\xff\xfe\x00")
    found = await inspect(folder, family="legacy")
    assert names(of(found, "caption-missing")) == [["lora-002.jpg", "lora-008.jpg"]], found.findings
    assert names(of(found, "caption-empty")) == [["lora-006.jpg"]]
    assert names(of(found, "caption-unreadable")) == [["lora-007.png"]]
    assert names(of(found, "caption-twice")) == [["lora-004.jpg", "lora-005.png"]]
    (prefix,) = of(found, "caption-prefix")
    assert "“a photo of”" in prefix.words, prefix
    assert found.captions[folder / "lora-001.png"].text == "a photo of Lora, number 1"
    (folder / "lora-008.txt").write_text("word " * 200)
    again = await inspect(folder, family="legacy")
    assert names(of(again, "caption-long")) == [["lora-008.jpg"]], again.findings
    assert of(again, "caption-prefix") == [], "they begin in different ways"
    assert of(await inspect(folder, family="fibo"), "caption-long") == [], "FIBO's captions are long"


async def test_a_text_that_is_too_large_for_a_caption_is_not_read(folder: Path) -> None:
    """It is named with its size, and is no caption; one byte less is."""
    (folder / "lora-001.txt").write_bytes(b"a" * LARGEST_TEXT)
    (folder / "lora-002.txt").write_bytes(b"a" * (LARGEST_TEXT + 1))
    found = await inspect(folder)
    (refused,) = of(found, "caption-unreadable")
    assert names([refused]) == [["lora-002.jpg"]]
    assert refused.words == "its caption has 1,048,577 bytes, more than the 1,048,576 allowed"
    assert {path.name: caption.length for path, caption in found.captions.items()} == {"lora-001.png": LARGEST_TEXT}


async def test_text_files_of_no_image_are_told(folder: Path) -> None:
    """By one finding with all of them, whatever the bytes of their names; those of images are not, nor of bad ones."""
    write(folder / "cut.jpg", b"\xff\xd8\xff")
    strange = os.fsdecode(b"\xff.txt")
    for name in ("lora-001.TXT", "cut.txt", "lora-002.jpg.txt", "notes.Txt", "below/lora-003.txt", strange):
        write(folder / name, b"a caption")
    found = await inspect(folder, recursive=True)
    assert [path.name for path in found.captions] == ["lora-001.png"]
    (orphan,) = of(found, "caption-orphan")
    assert (orphan.level, len(orphan.files)) == ("warning", 4)
    assert orphan.names == "below/lora-003.txt, lora-002.jpg.txt, notes.Txt and 1 more"
    assert attrs.evolve(orphan, files=orphan.files[3:]).names == r"\xff.txt", "it can be written"
    assert of(found, "ignored") == []
    by_server = await inspect_for(Terms(captions="automatic"), folder, recursive=True)
    assert of(by_server, "caption-orphan") == [], "no text file is read"


async def test_a_folder_without_captions_misses_none(folder: Path) -> None:
    """The server writes them."""
    found = await inspect(folder)
    assert not [finding for finding in found.of("warning") if finding.code.startswith("caption")]


async def test_the_expected_time_is_that_of_the_account(folder: Path) -> None:
    """One request for each image at the given rate, or at those of usual accounts; the training takes hours."""
    (usual,) = of(await inspect(folder), "time")
    assert "48 s at 10 requests a minute, 8 s at 60" in usual.words, usual
    (own,) = of(await inspect(folder, requests_per_minute=4, family="legacy"), "time")
    assert own.words == "8 uploads take at least 2 min at 4 requests a minute; the training takes 1 to 3 hours"
    with pytest.raises(ConfigurationError, match="must be above 0"):
        await inspect(folder, requests_per_minute=0)


async def test_too_few_for_the_family(folder: Path) -> None:
    """FIBO needs five, the older families take one; nothing at all is an error of its own."""
    for path in sorted(folder.iterdir())[3:]:
        path.unlink()
    assert [finding.code for finding in (await inspect(folder)).of("error")] == ["too-few"]
    assert (await inspect(folder, family="legacy")).of("error") == ()
    for path in folder.iterdir():
        path.unlink()
    assert [finding.code for finding in (await inspect(folder)).findings] == ["none"]


async def test_what_is_different_since_a_run(folder: Path) -> None:
    """Images that are new, edited or gone are infos; a copy, or a file that is broken by now, is not gone."""
    known = {image.path: image for image in (await inspect(folder)).images}
    assert (await inspect(folder, known=known)).findings == (await inspect(folder)).findings, "nothing is"
    pictures = sorted(known)
    opened(pictures[0]).rotate(90).save(pictures[0])
    pictures[1].rename(folder / "new.jpg")
    shutil.copy(pictures[2], folder / "a-copy.png")
    write(pictures[3], b"no image")
    found = await inspect(folder, known=known)
    told = {code: of(found, code) for code in ("new", "edited", "gone")}
    assert {finding.level for findings in told.values() for finding in findings} == {"info"}
    assert names(told["new"]) == [["a-copy.png", "new.jpg"]]
    assert names(told["edited"]) == [[pictures[0].name]]
    assert [pictures[1].name in str(finding) for finding in told["gone"]] == [True]
    assert not any(path.name in str(told["gone"]) for path in (pictures[2], pictures[3]))


async def test_what_becomes_of_small_images_is_said_by_family(folder: Path) -> None:
    """The server enlarges those of FIBO and legacy unless it may not; of 2024 no page says so."""
    jpeg(folder / "small.jpg", size=(600, 512))
    words = {}
    for family in get_args(Family):
        (small,) = of(await inspect(folder, family=family), "small")
        words[family] = small.level, small.words.partition(": ")[2]
        (refused,) = (await inspect(folder, family=family, increase_resolution=False)).of("error")
        assert (refused.code, refused.words) == ("too-small", "has 600 x 512 pixels; each side needs 1024")
    enlarged = "warning", "sides below 1024 are upscaled by the server"
    unknown = "warning", "whether the server upscales sides below 1024 for family 2024 is unknown"
    assert words == {"fibo": enlarged, "legacy": enlarged, "2024": unknown}


async def test_a_notebook_shows_each_kind_of_finding(folder: Path) -> None:
    """In a row with its files; their names are no HTML."""
    write(folder / "<script>.jpg", b"no image")
    write(folder / "empty.png", b"")
    write(folder / "again.png", (folder / "lora-001.png").read_bytes())
    write(folder / "more.jpg", (folder / "lora-002.jpg").read_bytes())
    html = (await inspect(folder))._repr_html_()
    rows = dict(re.findall(r"<tr><th[^>]*>(.*?)</th><td[^>]*>(.*?)</td></tr>", html))
    assert rows["error: wrong-type"].startswith("&lt;script&gt;.jpg: is not an image"), rows
    assert (rows["images"], rows["family"], rows["error: empty"]) == ("8", "fibo", "empty.png: is empty"), rows
    assert "again.png" in rows["warning: duplicate"] and "more.jpg" in rows["warning: duplicate"], rows
    assert "<script" not in html


async def test_many_are_held_to_the_rules_of_a_zip(tmp_path: Path) -> None:
    """Beyond 200 nothing enlarges an image, which is then an error; datasets of 2024 take no zip at all."""
    for number in range(ONE_BY_ONE + 1):
        write(tmp_path / f"{number:03d}.jpg", encoded(picture(size=(256, 256), seed=number), "JPEG"))
    steps: list[tuple[int, int]] = []
    found = await inspect(tmp_path, progress=lambda done, total: steps.append((done, total)))
    assert {finding.code for finding in found.of("error")} == {"small"}
    assert len(of(found, "small")) == ONE_BY_ONE + 1, "once each, as an error"
    assert {"zip", "count"} <= {finding.code for finding in found.of("info")}
    assert steps[-1] == (ONE_BY_ONE + 1, ONE_BY_ONE + 1)
    codes = [finding.code for finding in (await inspect(tmp_path, family="2024")).of("error")]
    assert codes == ["too-many"], codes


def test_every_finding_is_documented() -> None:
    """`docs/inspect.md` has each code that the sources name, and no other."""
    sources = "".join(path.read_text() for path in ROOM.glob("*.py"))
    given = r'(?:Finding\((?:"\w+"|level), |Oddity\()"([\w-]+)"|(?:path|str\(\w+(?:\.\w+)?\)|shown), "([\w-]+)"\s*\)'
    given += r'|code: str = "(\w+)"'
    codes = {code for found in re.findall(given, sources + ERRORS.read_text()) for code in found if code}
    rows = [line for line in DOCS.read_text().splitlines() if line.startswith("| ")]
    assert {code for row in rows for code in re.findall(r"`([\w-]+)`", row.split("|")[2])} == codes


async def test_the_documented_example_does_what_it_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors are printed first, and what is left of them after mending decides."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    example: dict[str, Any] = {}
    exec(compile(code, "inspect.md", "exec"), example)  # noqa: S102  # our own page
    monkeypatch.chdir(folder.parent)
    assert await example["ready"]("Cats") is True
    write(folder / "cut.jpg", b"\xff\xd8\xff")
    assert await example["ready"]("Cats") is False
    assert "error damaged cut.jpg: cannot be decoded" in capsys.readouterr().out
    assert len(list((folder.parent / "mended").iterdir())) == COUNT


async def test_folders_below_and_folders_that_are_none(folder: Path) -> None:
    """Only when asked; and a missing folder is one error."""
    (folder / "below").mkdir()
    (folder / "lora-001.png").rename(folder / "below" / "deep.png")
    assert len((await inspect(folder)).images) == COUNT - 1
    assert len((await inspect(str(folder), recursive=True)).images) == COUNT
    with pytest.raises(ImageError, match="is not there"):
        await inspect(folder / "nowhere")


async def test_a_folder_below_that_cannot_be_listed_is_one_error(folder: Path) -> None:
    """It says which and why, and the images beside it are looked at."""
    beyond_reach(folder)
    found = await inspect(folder, recursive=True)
    (error,) = found.of("error")
    assert (error.code, error.words, len(found.images)) == ("unlisted", "cannot be listed: File name too long", COUNT)
    assert error.names.startswith("ddd") and error.files[0] in found.files, error


async def test_files_are_named_below_the_folder_that_was_looked_at(folder: Path) -> None:
    """Of one name in two folders each is told apart, alone and among copies; what lies in the folder has its name."""
    for name in ("day", "night"):
        write(folder / name / "cut.jpg", b"\xff\xd8\xff" + name.encode())
        shutil.copy(folder / "lora-001.png", folder / name / "lora-001.png")
    write(folder / "empty.png", b"")
    found = await inspect(folder, recursive=True)
    told = [finding.names for finding in found.of("error")]
    assert told == ["day/cut.jpg", "empty.png", "night/cut.jpg"], told
    (copies,) = of(found, "duplicate")
    assert str(copies).startswith("day/lora-001.png, lora-001.png, night/lora-001.png: the same bytes"), copies


async def test_of_captions_little_is_kept(folder: Path) -> None:
    """The first 1,000 characters, the length, and whether another one says the same, beyond those too."""
    long = "a cat that sits on a wall, " * 100
    for number, text in enumerate((long, long.upper(), long + "and jumps", "short"), 1):
        (folder / f"lora-00{number}").with_suffix(".txt").write_text(text)
    found = await inspect(folder)
    kept = [found.captions[image.path] for image in found.images[:4]]
    assert [len(caption.text) for caption in kept] == [KEPT, KEPT, KEPT, 5], kept
    assert [caption.length for caption in kept] == [2699, 2699, 2709, 5], kept
    assert [str(caption)[-1] for caption in kept] == ["…", "…", "…", "t"], kept
    assert names(of(found, "caption-twice")) == [["lora-001.png", "lora-002.jpg"]], found.findings


async def test_nothing_is_changed(folder: Path) -> None:
    """Neither bytes nor times."""
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    await inspect(folder)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
