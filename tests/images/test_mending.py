"""Mended copies: what is wrong with an image is not with its copy, and the image stays as it is."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from bria_async.errors import ConfigurationError
from bria_async.images import inspect, mend
from bria_async.images.captions import LARGEST_TEXT
from bria_async.images.mending import DONE
from bria_async.types.common import MAX_IMAGE_BYTES
from tests.images.files import encoded, jpeg, odd, picture, write


def faulty(folder: Path) -> Path:
    """A folder of one good image with a caption, and one of each kind that can be mended."""
    write(jpeg(folder / "good.jpg", 8).with_suffix(".txt"), b"a good one")
    exif = Image.Exif()
    exif[0x0112] = 6
    write(folder / "turned.jpg", encoded(picture(size=(1200, 1100), seed=3), "JPEG", exif=exif))
    odd(folder)
    halves = b"".join(grey.to_bytes(2, "little") * (1024 * 512) for grey in (40_000, 9000))
    deep = Image.frombytes("I;16", (1024, 1024), halves)
    write(folder / "deep.png", encoded(deep, "PNG"))
    noise = Image.effect_noise((2300, 2300), 90)
    grain = Image.merge("RGB", [noise, noise.rotate(90), noise.rotate(180)])
    write(folder / "huge.png", encoded(grain, "PNG"))
    write(folder / "broad.jpg", encoded(grain, "JPEG", quality=100, subsampling=0))
    write(folder / "vast.webp", encoded(grain, "WEBP", lossless=True, method=0))
    return folder


async def test_copies_have_nothing_left_to_mend(tmp_path: Path) -> None:
    """Inspected again, they have neither errors nor any oddity; what was done is told; the images are as they were."""
    folder = faulty(tmp_path / "Cats")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    found = await inspect(folder)
    assert [finding.code for finding in found.of("error")] == ["too-large"] * 3, found.findings
    steps: list[tuple[int, int]] = []
    mended = await mend(found, tmp_path / "mended", progress=lambda done, total: steps.append((done, total)))
    assert {path.name: changes for path, changes in mended.changes.items()} == {
        "broad.jpg": ("encoded anew below 12 MB",),
        "clear.png": ("flattened",),
        "cmyk.jpg": ("CMYK to RGB",),
        "deep.png": ("16 bits to 8",),
        "huge.png": ("encoded anew below 12 MB",),
        "moving.webp": ("first frame kept",),
        "small.png": ("sized up to 1024 pixels",),
        "turned.jpg": ("turned upright",),
        "vast.webp": ("encoded anew below 12 MB",),
        "wrong.png": ("named by what it is",),
    }, mended.changes
    again = await inspect(mended.folder)
    assert {finding.code for finding in again.findings}.isdisjoint(DONE) and not again.of("error"), again
    assert (len(mended.copies), steps[-1]) == (11, (11, 11))
    assert mended.problems == ()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before, "the images themselves were changed"


async def test_pixels_are_those_of_the_image(tmp_path: Path) -> None:
    """Turned the right way, flat on the colour that was chosen, deep greys scaled and not clipped, the first frame."""
    folder = faulty(tmp_path / "Cats")
    mended = await mend(await inspect(folder), tmp_path / "mended", background="#ff8000")

    def pixels(name: str) -> Image.Image:
        with Image.open(mended.copies[folder / name]) as image:
            return image.convert("RGB")

    with Image.open(folder / "turned.jpg") as stored:
        seen = stored.convert("RGB").transpose(Image.Transpose.ROTATE_270)
    assert pixels("turned.jpg").size == seen.size == (1100, 1200)
    assert near(pixels("turned.jpg"), seen), "it is turned another way"
    assert pixels("clear.png").getpixel((5, 5)) == (255, 128, 0)
    assert (pixels("deep.png").getpixel((5, 5)), pixels("deep.png").getpixel((5, 1000))) == ((156,) * 3, (35,) * 3)
    assert near(pixels("moving.webp"), picture(seed=6)), "it is another frame"
    assert pixels("small.png").size == (1200, 1024)
    assert near(pixels("small.png"), picture(size=(600, 512), seed=4).resize((1200, 1024)))
    assert mended.copies[folder / "huge.png"].suffix == ".jpg"
    assert near(pixels("broad.jpg"), pixels("huge.png")), "it has other pixels"
    assert mended.copies[folder / "huge.png"].stat().st_size <= MAX_IMAGE_BYTES


def near(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures have the same colours everywhere, as well as a JPEG keeps them."""
    first, second = (image.convert("RGB").resize((8, 8)).tobytes() for image in (one, other))
    return all(abs(a - b) <= 10 for a, b in zip(first, second, strict=True))


async def test_what_needs_nothing_is_copied_with_its_caption(tmp_path: Path) -> None:
    """Byte for byte, in folders of the same names; of equal files one."""
    folder = tmp_path / "Cats"
    write(jpeg(folder / "deep" / "a.jpg", 1).with_suffix(".txt"), b"caption \xe2\x9c\x93")
    shutil.copy(folder / "deep" / "a.jpg", folder / "deep" / "b.jpg")
    mended = await mend(await inspect(folder, recursive=True), tmp_path / "mended")
    written = {path.relative_to(mended.folder): path.read_bytes() for path in mended.folder.rglob("*.*")}
    assert written == {
        Path("deep/a.jpg"): (folder / "deep" / "a.jpg").read_bytes(),
        Path("deep/a.txt"): b"caption \xe2\x9c\x93",
    }
    assert mended.changes == {}


async def test_names_stay_apart_and_captions_with_their_images(tmp_path: Path) -> None:
    """A copy that gets another extension takes no other's name, nor the caption of another."""
    folder = tmp_path / "Cats"
    jpeg(folder / "cat.jpg", 1)
    write(folder / "cat.png", encoded(picture(seed=2), "JPEG"))
    write(jpeg(folder / "cat-2.jpg", 3).with_suffix(".txt"), b"the second")
    write(folder / "cat.txt", b"the first")
    mended = await mend(await inspect(folder), tmp_path / "mended")
    copies = {source.name: copy.name for source, copy in mended.copies.items()}
    assert len({name.casefold() for name in copies.values()}) == 3, copies
    for name, caption in {"cat.jpg": b"the first", "cat.png": b"the first", "cat-2.jpg": b"the second"}.items():
        copy = mended.copies[folder / name]
        assert copy.with_suffix(".txt").read_bytes() == caption, copies
        assert copy.read_bytes() == (folder / name).read_bytes(), copies


async def test_what_the_server_may_not_enlarge_is_enlarged(tmp_path: Path) -> None:
    """Without `increase_resolution` a small image is an error, of which a copy is free."""
    folder = tmp_path / "Cats"
    jpeg(folder / "small.jpg", size=(600, 512))
    found = await inspect(folder, family="legacy", increase_resolution=False)
    assert [finding.code for finding in found.of("error")] == ["too-small", "none"]
    mended = await mend(found, tmp_path / "mended")
    assert mended.changes == {folder / "small.jpg": ("sized up to 1024 pixels",)}
    assert (await inspect(mended.folder, family="legacy", increase_resolution=False)).of("error") == ()


async def test_what_cannot_be_mended_is_told(tmp_path: Path) -> None:
    """Damaged, too small, of another type, and changed since it was looked at: the others are copied."""
    folder = tmp_path / "Cats"
    good, other = jpeg(folder / "good.jpg", 1), jpeg(folder / "other.jpg", 2)
    write(folder / "cut.jpg", good.read_bytes()[:-2])
    write(folder / "tiny.png", encoded(picture(size=(90, 90)), "PNG"))
    write(folder / "moving.gif", encoded(picture(), "GIF"))
    found = await inspect(folder)
    jpeg(other, 3)
    mended = await mend(found, tmp_path / "mended")
    assert {Path(problem.path).name: problem.code for problem in mended.problems} == {
        "cut.jpg": "damaged",
        "moving.gif": "wrong-type",
        "other.jpg": "changed",
        "tiny.png": "too-small",
    }, mended.problems
    assert [path.name for path in mended.folder.iterdir()] == ["good.jpg"]


async def test_an_image_is_copied_without_a_caption_that_is_none(tmp_path: Path) -> None:
    """A text that is too large, or gone by now, is told and has no copy; its image has, and so have others'."""
    folder = tmp_path / "Cats"
    for seed, (name, text) in enumerate({"gone": b"a", "huge": b"a" * (LARGEST_TEXT + 1), "whole": b"a cat"}.items()):
        write(jpeg(folder / f"{name}.jpg", seed).with_suffix(".txt"), text)
    found = await inspect(folder)
    (folder / "gone.txt").unlink()
    mended = await mend(found, tmp_path / "mended")
    assert {Path(problem.path).name: problem.message.partition(":")[0] for problem in mended.problems} == {
        "gone.txt": "cannot be opened",
        "huge.txt": "has 1,048,577 bytes, more than the 1,048,576 allowed",
    }, mended.problems
    copies = sorted(path.name for path in mended.folder.iterdir())
    assert copies == ["gone.jpg", "huge.jpg", "whole.jpg", "whole.txt"]


async def test_folders_that_are_refused(tmp_path: Path) -> None:
    """Inside the folder of the images, by a link too; one that is not empty; a file. Nothing is written."""
    folder = tmp_path / "Cats"
    jpeg(folder / "good.jpg", 1)
    (tmp_path / "link").symlink_to(folder)
    found = await inspect(folder)
    for to, reason in {
        folder: "is inside the folder",
        folder / "mended": "is inside the folder",
        tmp_path / "link" / "mended": "is inside the folder",
        tmp_path: "is not empty",
        folder.parent / "file": "Not a directory",
    }.items():
        (tmp_path / "file").touch()
        with pytest.raises(ConfigurationError, match=reason):
            await mend(found, to)
    with pytest.raises(ConfigurationError, match="no colour 'plaid'"):
        await mend(found, tmp_path / "new", background="plaid")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["Cats", "file", "good.jpg", "link"]
