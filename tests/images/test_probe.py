"""One image file: what is taken, with which warnings, and what is refused for which reason."""

import hashlib
import os
import pickle
import socket
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from PIL import Image

from bria_async.errors import ImageChanged, ImageError, MissingExtra
from bria_async.images.probe import Limits, check, probe, recheck
from tests.images.files import chunk, encoded, jpeg, picture, png_header, write

EXIF_ORIENTATION = 0x0112


def frames(form: str, **options: object) -> bytes:
    """An animation of three pictures."""
    first, *others = (picture(seed=seed) for seed in range(3))
    return encoded(first, form, save_all=True, append_images=others, duration=100, **options)


def turned() -> bytes:
    """A JPEG that a camera held upright."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    return encoded(picture(), "JPEG", exif=exif)


def deep_colour_png() -> bytes:
    """A PNG of 16 bits per channel, which Pillow cannot write."""
    rows = zlib.compress((b"\0" + b"\x80\0" * 3 * 1024) * 1024)
    header = struct.pack(">IIBBBBB", 1024, 1024, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("form", "extension", "known"), [("JPEG", "jpg", "jpeg"), ("PNG", "png", "png"), ("WEBP", "webp", "webp")]
)
def test_a_sound_image_is_described(tmp_path: Path, form: str, extension: str, known: str) -> None:
    """Format, sides, hash, key and time are those of the file, and there is nothing to warn of."""
    data = encoded(picture(size=(1200, 1024)), form)
    path = write(tmp_path / f"Lora.{extension}", data)
    image = probe(path)
    sha256 = hashlib.sha256(data).hexdigest()
    assert image.sha256 == sha256, f"the hash is not that of the bytes: {image}"
    assert image.key == f"Lora--{sha256[:12]}.{extension}", f"unexpected key {image.key!r}"
    assert (image.format, image.content_type) == (known, f"image/{known}"), f"unexpected format: {image}"
    assert (image.width, image.height) == (1200, 1024), f"unexpected sides: {image}"
    assert (image.size, image.mtime_ns) == (len(data), path.stat().st_mtime_ns), f"unexpected state: {image}"
    assert image.caption_path is None, f"there is no caption: {image}"
    assert image.oddities == (), f"nothing is unusual: {image.oddities}"


def test_the_caption_is_the_text_file_of_the_same_stem(tmp_path: Path) -> None:
    """`cat.txt` captions `cat.jpg`; a folder of that name does not."""
    cat, dog = jpeg(tmp_path / "cat.jpg"), jpeg(tmp_path / "dog.jpg")
    caption = write(tmp_path / "cat.txt", b"a cat")
    (tmp_path / "dog.txt").mkdir()
    assert probe(cat).caption_path == caption, "the caption beside the image was not found"
    assert probe(dog).caption_path is None, "a folder is no caption"


@pytest.mark.parametrize("suffix", [".TXT", ".Txt"])
def test_capitals_are_no_other_extension_of_a_caption(tmp_path: Path, suffix: str) -> None:
    """`cat.TXT` captions `cat.jpg`, until there is a `cat.txt`."""
    cat = jpeg(tmp_path / "cat.jpg")
    shouted = write(cat.with_suffix(suffix), b"A CAT")
    assert probe(cat).caption_path == shouted
    said = write(cat.with_suffix(".txt"), b"a cat")
    assert probe(cat).caption_path == said


@pytest.mark.fault("F2", "F3", "F6")
@pytest.mark.parametrize(
    ("name", "data", "warning"),
    [
        ("a.png", lambda: encoded(picture(), "JPEG"), "JPEG image whose name says otherwise"),
        ("a", lambda: encoded(picture(), "JPEG"), "JPEG image whose name says otherwise"),
        ("a.jpg", turned, "EXIF orientation 6"),
        ("a.jpg", lambda: encoded(picture("CMYK"), "JPEG"), "CMYK"),
        ("a.png", lambda: encoded(picture("P"), "PNG"), "palette"),
        ("a.png", lambda: encoded(Image.new("I;16", (1024, 1024)), "PNG"), "16 bits"),
        ("a.png", deep_colour_png, "16 bits"),
        ("a.png", lambda: encoded(Image.new("RGBA", (1024, 1024), (9, 9, 9, 99)), "PNG"), "transparent"),
        ("a.webp", lambda: encoded(Image.new("RGBA", (1024, 1024), (9, 9, 9, 99)), "WEBP"), "transparent"),
        ("a.png", lambda: encoded(picture(), "PNG", transparency=(0, 0, 0)), "transparent"),
        ("a.webp", lambda: frames("WEBP"), "animation of 3 frames"),
        ("a.png", lambda: frames("PNG"), "animation of 3 frames"),
    ],
)
def test_what_training_may_not_take_as_it_looks_is_a_warning(
    tmp_path: Path, name: str, data: Callable[[], bytes], warning: str
) -> None:
    """Oddities are told and do not stop the image."""
    image = probe(write(tmp_path / name, data()))
    assert len(image.oddities) == 1, f"exactly one thing is unusual: {image.oddities}"
    assert warning in image.oddities[0].words, f"expected {warning!r}, got {image.oddities}"


def test_an_alpha_channel_that_is_opaque_everywhere_is_nothing_to_warn_of(tmp_path: Path) -> None:
    """Screenshots and generated pictures often carry one, and the API turns nothing of it black."""
    image = probe(write(tmp_path / "a.png", encoded(picture("RGBA"), "PNG")))
    assert image.oddities == (), f"no pixel is transparent: {image.oddities}"


def test_broken_metadata_beside_sound_pixels_is_no_fault(tmp_path: Path) -> None:
    """An EXIF block that nobody can read does not cost the image."""
    data = encoded(picture(), "JPEG", exif=b"Exif\0\0nothing of the sort")
    assert probe(write(tmp_path / "a.jpg", data)).width == 1024, "the pixels are sound"


@pytest.mark.fault("F10")
def test_a_script_behind_the_image_is_harmless(tmp_path: Path) -> None:
    """A polyglot file opens as the image that it begins with."""
    data = encoded(picture(), "JPEG") + b"<script>alert(1)</script>"
    image = probe(write(tmp_path / "a.jpg", data))
    assert image.size == len(data), "the tail is part of the file"


def damaged_png() -> bytes:
    """A PNG with one wrong checksum over its pixels."""
    data = bytearray(encoded(picture(), "PNG"))
    end_of_pixels = data.rindex(b"IEND") - 4
    data[end_of_pixels - 1] ^= 0xFF
    return bytes(data)


@pytest.mark.fault("F1", "F3")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: b"", "is empty"),
        (lambda: b"not an image at all", "is not an image"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is SVG; the API takes JPEG, PNG and WebP"),
        (lambda: b"<?xml version='1.0'?>\n<svg/>", "is SVG; the API takes JPEG, PNG and WebP"),
        (lambda: frames("GIF"), "is GIF; the API takes JPEG, PNG and WebP"),
        (lambda: encoded(picture(), "BMP"), "is BMP; the API takes JPEG, PNG and WebP"),
        (lambda: encoded(picture(), "TIFF"), "is TIFF; the API takes JPEG, PNG and WebP"),
        (lambda: encoded(picture(), "AVIF"), "is AVIF; the API takes JPEG, PNG and WebP"),
        (lambda: encoded(picture(), "JPEG2000"), "is JPEG 2000; the API takes JPEG, PNG and WebP"),
        (lambda: b"\0\0\0\x18ftypheic\0\0\0\0", "is HEIC; the API takes JPEG, PNG and WebP"),
        (lambda: encoded(picture(), "JPEG")[:-2], "cannot be decoded: image file is truncated"),
        (lambda: encoded(picture(), "JPEG")[:5000], "cannot be decoded: image file is truncated"),
        (lambda: encoded(picture(), "PNG")[:-200], "cannot be decoded"),
        (lambda: encoded(picture(), "PNG")[:-12], "cannot be decoded: truncated PNG file"),
        (lambda: encoded(picture(), "WEBP")[:-200], "cannot be decoded"),
        (damaged_png, "cannot be decoded: broken PNG file"),
        (lambda: b"\x89PNG\r\n\x1a\n", "cannot be decoded"),
        (lambda: b"\xff\xd8\xff\xe0" + bytes(100), "cannot be decoded"),
        (lambda: b"RIFF\x10\0\0\0WEBPVP8 ", "cannot be decoded"),
        (lambda: encoded(picture(size=(2000, 255)), "JPEG"), "has 2000 x 255 pixels; each side needs 256"),
    ],
)
def test_a_file_that_is_no_usable_image_is_refused(tmp_path: Path, data: Callable[[], bytes], reason: str) -> None:
    """The reason is one sentence that names the fault, and the file is named with it."""
    path = write(tmp_path / "a.png", data())
    with pytest.raises(ImageError) as refusal:
        probe(path)
    assert refusal.value.message.startswith(reason), f"expected {reason!r}, got {refusal.value.message!r}"
    assert refusal.value.path == str(path), f"the error names {refusal.value.path!r}"


@pytest.mark.fault("F4")
def test_a_file_beyond_12_mb_is_refused_unread(tmp_path: Path) -> None:
    """The limit is on the file's bytes and the message gives both numbers."""
    path = jpeg(tmp_path / "a.jpg")
    os.truncate(path, 12 * 2**20)
    assert probe(path).size == 12 * 2**20, "12 MB are allowed"
    os.truncate(path, 12 * 2**20 + 1)
    with pytest.raises(ImageError, match="has 12,582,913 bytes, more than the 12,582,912 allowed"):
        probe(path)


@pytest.mark.fault("F5")
def test_decompression_bombs_are_refused_by_their_header(tmp_path: Path) -> None:
    """144 megapixels in 18 kB, 400 megapixels in a header: nothing of them is decoded."""
    real = write(tmp_path / "real.png", encoded(Image.new("1", (12000, 12000)), "PNG"))
    assert real.stat().st_size < 100_000, "the bomb is small on disk"
    claimed = write(tmp_path / "claimed.png", png_header(20000, 20000))
    for path, sides in ((real, "12000 x 12000"), (claimed, "20000 x 20000")):
        with pytest.raises(ImageError, match=f"has {sides} pixels, more than the 64,000,000 allowed"):
            probe(path)


def test_limits_are_the_callers(tmp_path: Path) -> None:
    """Families that do not upscale want 1024 pixels, and a limit can be lower than ours."""
    path = jpeg(tmp_path / "a.jpg", size=(1024, 1023))
    with pytest.raises(ImageError, match="each side needs 1024"):
        probe(path, Limits(min_side=1024))
    with pytest.raises(ImageError, match="more than the 1,000,000 allowed"):
        probe(path, Limits(max_pixels=1_000_000))
    with pytest.raises(ImageError, match="more than the 100 allowed"):
        probe(path, Limits(max_bytes=100))


@pytest.mark.fault("F7")
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folder, pipe without writer, socket, device, loop and dangling link: each gets its reason."""
    folder, pipe, loop, dangling = (tmp_path / name for name in ("dir.png", "pipe.png", "loop.png", "gone.png"))
    folder.mkdir()
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    dangling.symlink_to(tmp_path / "nowhere.png")
    listening = tmp_path / "socket.png"
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(listening.name)
    expected = {
        folder: "is a folder, not a file",
        pipe: "is a named pipe, not a file",
        listening: "is a socket, not a file",
        Path(os.devnull): "is a device, not a file",
        loop: "cannot be opened: Too many levels of symbolic links",
        dangling: "cannot be opened: it is a symbolic link to a file that is not there",
        tmp_path / "missing.png": "cannot be opened: No such file or directory",
        tmp_path / "nul\0.png": "cannot be opened: no file has such a name",
    }
    for path, reason in expected.items():
        with pytest.raises(ImageError) as refusal:
            probe(path)
        assert refusal.value.message == reason, f"{path.name!r}: {refusal.value.message!r}"


@pytest.mark.fault("F7")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    """Missing permission is told in the words of the system."""
    path = jpeg(tmp_path / "a.jpg")
    path.chmod(0)
    with pytest.raises(ImageError, match="cannot be opened: Permission denied"):
        probe(path)


def test_a_link_to_an_image_is_an_image(tmp_path: Path) -> None:
    """Datasets are often folders of links."""
    target = jpeg(tmp_path / "store" / "blob")
    link = tmp_path / "cat.jpg"
    link.symlink_to(target)
    assert probe(link).key.startswith("cat--"), "the link's name is the image's"


def test_a_name_that_no_journal_can_hold_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are shown escaped, because the error must be printable."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    jpeg(path)
    with pytest.raises(ImageError, match="not UTF-8") as refusal:
        probe(path)
    assert refusal.value.path.endswith(r"caf\xe9.jpg"), f"not printable: {refusal.value.path!r}"


@pytest.mark.fault("F8")
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was hashed must be what lies on the disk."""
    path = jpeg(tmp_path / "a.jpg")
    looks = iter(range(10))
    fstat = os.fstat

    def written_to_meanwhile(descriptor: int) -> os.stat_result:
        if next(looks) == 2:
            with path.open("ab") as file:
                file.write(b"more")
        return fstat(descriptor)

    monkeypatch.setattr(os, "fstat", written_to_meanwhile)
    with pytest.raises(ImageChanged, match="changed while it was read"):
        probe(path)


def test_a_recheck_notices_size_time_and_disappearance(tmp_path: Path) -> None:
    """A resumed run looks at the file's state, and does not read it again."""
    path = jpeg(tmp_path / "a.jpg")
    image = probe(path)
    assert recheck(image), "nothing changed"
    os.utime(path, ns=(0, image.mtime_ns + 1))
    assert not recheck(image), "the time changed"
    os.utime(path, ns=(0, image.mtime_ns))
    assert recheck(image), "the time is back"
    os.truncate(path, image.size - 1)
    os.utime(path, ns=(0, image.mtime_ns))
    assert not recheck(image), "the size changed"
    path.unlink()
    assert not recheck(image), "the file is gone"


def test_a_header_tells_what_the_whole_file_is_checked_for_later(tmp_path: Path) -> None:
    """Looked at twice an image is what it is after one look; damage, and what pixels show, are found by the second."""
    sound = write(tmp_path / "a.jpg", encoded(Image.new("RGBA", (1024, 800), (9, 9, 9, 99)), "PNG"))
    glanced = probe(sound, whole=False)
    assert (glanced.decoded, glanced.measures, glanced.width) == (False, None, 1024), f"only its header was: {glanced}"
    assert [oddity.code for oddity in glanced.oddities] == ["extension"], f"its pixels are not known: {glanced}"
    assert check(glanced) == probe(sound), "two looks are one look"
    cut = write(tmp_path / "cut.jpg", encoded(picture(), "JPEG")[:-200])
    with pytest.raises(ImageError, match="cannot be decoded: image file is truncated"):
        check(probe(cut, whole=False))


@pytest.mark.fault("F5", "F8")
def test_a_header_and_another_file_are_refused(tmp_path: Path) -> None:
    """What its header tells costs an image at once; what is there later is decoded only if it is the same file."""
    claimed = write(tmp_path / "claimed.png", png_header(20000, 20000))
    small = jpeg(tmp_path / "small.jpg", size=(300, 200))
    for path, words in ((claimed, "more than the 64,000,000 allowed"), (small, "each side needs 256")):
        with pytest.raises(ImageError, match=words):
            probe(path, whole=False)
    path = jpeg(tmp_path / "a.jpg")
    glanced = probe(path, whole=False)
    os.utime(path, ns=(0, glanced.mtime_ns + 1))
    with pytest.raises(ImageChanged, match="changed since it was looked at"):
        check(glanced)


def test_an_image_file_survives_a_process_pool(tmp_path: Path) -> None:
    """The value pickles, and so does its refusal."""
    image = probe(jpeg(tmp_path / "a.jpg"))
    assert pickle.loads(pickle.dumps(image)) == image, "pickling changed the value"  # noqa: S301  (our own bytes)
    assert attrs.evolve(image, key="b.jpg").path == image.path, "the value is frozen and can be evolved"


def test_without_pillow_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow is no dependency; who needs it is told what to install."""
    path = jpeg(tmp_path / "a.jpg")
    for name in ("decode", "pillow"):
        monkeypatch.delitem(sys.modules, f"bria_async.images.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtra, match=r'pip install "bria-async\[images\]"'):
        probe(path)
