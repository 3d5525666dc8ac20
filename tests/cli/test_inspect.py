"""`inspect`: a table for people, JSON for programs, a sheet and mended copies, and an exit code that says it all."""

from pathlib import Path

import pytest

from bria_async.images.pictures import draw
from tests.cli.shell import ICONS, Shell, without
from tests.images.files import encoded, picture, write


@pytest.fixture
def alone(tmp_path: Path) -> Shell:
    """A shell without a server and a token: nothing is sent."""
    return Shell(tmp_path, {"BRIA_STATE": str(tmp_path / "runs")})


@pytest.fixture
def cats(tmp_path: Path) -> Path:
    """Five good pictures."""
    draw(tmp_path / "Cats", 5)
    return tmp_path / "Cats"


def test_a_good_folder_ends_with_zero_and_the_next_command(alone: Shell, cats: Path) -> None:
    """Without a token, in a table with infos only."""
    done = alone.run("inspect", cats, "--requests-per-minute", "10", "--family", "legacy")
    assert (done.code, done.err) == (0, ""), done
    lines = [line.split()[:2] for line in done.out.splitlines()]
    assert lines[:4] == [["level", "finding"], ["info", "aspects"], ["info", "time"], ["info", "captions"]], done.out
    assert "5 uploads take at least 30 s at 10 requests a minute; the training takes 1 to 3 hours" in done.out
    assert f"5 images of {cats} can be used: 0 errors, 0 warnings." in done.out
    assert done.out.splitlines()[-1] == f"next: bria-async train {cats} --family legacy"


def test_errors_are_exit_code_one(alone: Shell, cats: Path) -> None:
    """A kind of finding has one line, whatever the number of files; names that would move the cursor are escaped."""
    for number in range(5):
        write(cats / f"\x1b[2Jcut {number}.jpg", b"\xff\xd8\xff")
    write(cats / "small.png", encoded(picture(size=(700, 600)), "PNG"))
    done = alone.run("inspect", cats)
    assert (done.code, done.err) == (1, "5 errors.\n"), done
    assert "\x1b" not in done.out
    (cut,) = [line for line in done.out.splitlines() if line.startswith("error")]
    assert cut.split()[:3] == ["error", "damaged", "5"] and "and 2 more" in cut, cut
    assert "700 x 600 pixels" in done.out and "next:" not in done.out


def test_small_images_are_errors_where_nothing_enlarges_them(alone: Shell, cats: Path) -> None:
    """As a training with the same option takes them."""
    write(cats / "small.png", encoded(picture(size=(700, 600)), "PNG"))
    enlarged = alone.run("inspect", cats, "--increase-resolution")
    assert enlarged.out.splitlines()[-1] == f"next: bria-async train {cats} --increase-resolution", enlarged
    done = alone.run("inspect", cats, "--no-increase-resolution")
    assert (done.code, "each side needs 1024" in done.out) == (1, True), done
    (cats / "small.png").unlink()
    done = alone.run("inspect", cats, "--no-increase-resolution")
    assert done.out.splitlines()[-1] == f"next: bria-async train {cats} --no-increase-resolution", done


def test_folders_below_lead_to_no_training_that_leaves_them_out(alone: Shell, cats: Path) -> None:
    """A training looks into one folder; where all images lie in it, the next command is the same."""
    assert f"next: bria-async train {cats}" in alone.run("inspect", cats, "--recursive").out
    draw(cats / "below", 1, seed=1)
    for arguments in ((), ("--fix-to", "mended")):
        done = alone.run("inspect", cats, "--recursive", *arguments)
        assert (done.code, "bria-async train" in done.out) == (0, False), done
        assert "next: put the images into one folder" in done.out, done
    assert f"next: bria-async train {cats}" in alone.run("inspect", cats).out


def test_json_holds_all_of_it(alone: Shell, cats: Path) -> None:
    """One document: images with their measures, findings with their files, and the exit code."""
    write(cats / "lora-001.txt", b"a caption")
    write(cats / "cut.jpg", b"\xff\xd8\xff")
    done = alone.run("inspect", cats, "--json")
    data = done.json
    assert (done.code, data["exit"], data["folder"], data["family"]) == (1, 1, str(cats), "fibo")
    first = data["images"][0]
    assert (first["path"], first["caption"]) == (str(cats / "lora-001.png"), "a caption"), first
    assert (
        first["sharpness"] > 0 and 0 < first["brightness"] < 1 and [len(half) for half in first["hash"]] == [16, 16]
    ), first
    assert data["findings"][0] == {
        "level": "error",
        "code": "damaged",
        "words": data["findings"][0]["words"],
        "files": [str(cats / "cut.jpg")],
    }, data["findings"]


def test_a_sheet_and_mended_copies(alone: Shell, cats: Path, tmp_path: Path) -> None:
    """Both are named; errors that the copies do not have any more are none."""
    clear = picture("RGBA", seed=5)
    clear.putalpha(0)
    write(cats / "clear.png", encoded(clear, "PNG"))
    arguments = ("inspect", cats, "--html", "sheet.html", "--fix-to", "mended", "--background", "teal")
    done = alone.run(*arguments)
    assert done.code == 0, done
    assert f"copies: 6 in {tmp_path / 'mended'}, 1 of them mended" in done.out and "flattened: 1" in done.out
    assert f"contact sheet: {tmp_path / 'sheet.html'}" in done.out
    assert f"next: bria-async train {tmp_path / 'mended'}" in done.out
    assert "clear.png" in (tmp_path / "sheet.html").read_text()
    again = alone.run(*arguments)
    assert (again.code, "is not empty" in again.err) == (2, True), again
    write(cats / "cut.jpg", b"\xff\xd8\xff")
    left = alone.run("inspect", cats, "--fix-to", "more", "--json")
    assert (left.code, list(left.json["mended"]["problems"])) == (1, [str(cats / "cut.jpg")]), left


def test_what_is_different_since_the_last_run(shell: Shell, pictures: Path) -> None:
    """Of a folder that was trained on, the state folder knows what is new, and another one does not; `train` says it
    in the same words.
    """
    assert shell.train(pictures, *ICONS).code == 0
    assert "last run" not in shell.run("inspect", pictures).out
    write(pictures / "new.png", encoded(picture(seed=99), "PNG"))
    done = shell.run("inspect", pictures)
    (line,) = [line for line in done.out.splitlines() if "last run" in line]
    assert line.split()[:4] == ["info", "new", "1", "new.png"], line
    assert "last run" not in shell.run("inspect", pictures, "--state", "elsewhere").out
    again = shell.train(pictures, *ICONS, "--name", "again")
    assert again.code == 0 and "new.png: not there when the last run of this folder began" in again.out, again


def test_what_cannot_be_asked_for(alone: Shell, cats: Path) -> None:
    """No such folder, no such colour, no such rate: wrong usage, in one sentence."""
    for arguments in (
        ("nowhere",),
        ("~nobody-of-this-name/cats",),
        (cats, "--fix-to", "x", "--background", "plaid"),
        (cats, "--family", "gen9"),
    ):
        done = alone.run("inspect", *arguments)
        assert (done.code, done.out, "Traceback" in done.err) == (2, "", False), done


def test_what_cannot_be_written_is_refused_before_the_look(alone: Shell, cats: Path) -> None:
    """There is no such folder of images, which nobody finds out: a target that cannot be comes first."""
    (alone.folder / "empty").mkdir()
    write(alone.folder / "image.html", (cats / "lora-001.png").read_bytes())
    for arguments, words in (
        (("--html", cats / "lora-001.png"), "an image or a caption: name another, such as lora-001.html"),
        (("--html", "away/sheet.html"), "away/sheet.html cannot be written: No such file or directory"),
        (("--html", "/"), "/ cannot be written: what has this name is not a file"),
        (("--html", "~nobody-of-this-name/sheet.html"), "there is no such home folder"),
        (("--html", "image.html"), "name another, such as image-new.html"),
        (("--html", "empty/sheet.html", "--fix-to", "empty"), "only copies go there"),
        (("--fix-to", cats), "it is not empty"),
        (("--fix-to", "~nobody-of-this-name/x"), "there is no such home folder"),
        (("--fix-to", "mended", "--background", "plaid"), "There is no colour 'plaid'"),
    ):
        done = alone.run("inspect", "nowhere", *arguments)
        assert (done.code, done.out, words in done.err, "nowhere" in done.err) == (2, "", True, False), done
    assert not (alone.folder / "mended").exists(), "nothing is made"


def test_files_of_folders_below_are_named_with_them(alone: Shell, cats: Path) -> None:
    """In the table, too: which of two files of one name it is, and which of two groups of copies."""
    for name in ("day", "night"):
        draw(cats / name, 1, seed=len(name))
        write(cats / name / "cut.jpg", b"\xff\xd8\xff" + name.encode())
        write(cats / name / "copies" / "lora-001.png", (cats / name / "lora-001.png").read_bytes())
    out = alone.run("inspect", cats, "--recursive").out
    assert "day/cut.jpg, night/cut.jpg" in out, out
    for name in ("day", "night"):
        assert f"{name}/copies/lora-001.png, {name}/lora-001.png" in out, out


def test_of_a_long_caption_the_beginning_is_printed(alone: Shell, cats: Path) -> None:
    """With its length, so that whoever reads it knows that there is more."""
    write(cats / "lora-001.txt", b"meow " * 1000)
    first = alone.run("inspect", cats, "--json").json["images"][0]
    assert (len(first["caption"]), first["caption_length"]) == (1000, 4999), first


def test_a_sheet_needs_its_extra(alone: Shell, cats: Path, tmp_path: Path) -> None:
    """A sentence says what to install, before the images are looked at, and nothing is written."""
    with alone.start("inspect", cats, "--html", tmp_path / "sheet.html", program=without("jinja2")) as running:
        end = running.end()
    assert (end.code, end.out, 'pip install "bria-async[dashboard]"' in end.err) == (2, "", True), end
    assert not (tmp_path / "sheet.html").exists()
