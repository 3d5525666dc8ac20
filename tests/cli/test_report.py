"""`report`: one file of a run that was killed and resumed, of one under way, and of a batch."""

from pathlib import Path

from bria_async.sim import Simulator
from tests.cli.shell import ICONS, QUICK, Shell
from tests.dashboard.html import Page
from tests.support import TOKEN


def test_a_run_that_was_killed_and_resumed(slow_shell: Shell, slow: Simulator, pictures: Path) -> None:
    """Under way, dead and done it is reported; where its process died and the next began is drawn and told."""
    with slow_shell.start("train", pictures, *ICONS, *QUICK, "--sample", "a cat") as running:
        running.until("training is InProgress")
        assert slow_shell.run("report", "cats").out == "cats.html\n"
        under_way = Page.of(slow_shell.folder / "cats.html")
        assert "bria-async watch cats" in under_way.text
        running.kill_all()
        running.end()
    slow_shell.run("report", "cats", "-o", "dead.html")
    dead = Page.of(slow_shell.folder / "dead.html")
    assert "interrupted: its process ended without a word" in dead.text, "the sign of it is explained"
    assert "bria-async resume cats" in dead.text
    slow.clock.push(3 * 3600)
    done = slow_shell.run("resume", "cats", *QUICK)
    assert done.code == 0, done.err
    slow_shell.run("report", "cats", "-o", "done.html")
    page = Page.of(slow_shell.folder / "done.html")
    assert page.stands_alone()
    assert len(page.pictures) == 7, "six images and a sample"
    assert len(page.all("rect", "idle")) == 2, "the time in which nobody worked, on a screen and on a phone"
    assert all(words in page.text for words in ("interrupted: its", "resumed", "bria-async generate")), page.text
    kept = [path for path in slow_shell.folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()], "the token is in no file"


def test_a_batch_and_its_runs(shell: Shell, pictures: Path) -> None:
    """A page of cards for the batch, and each of its runs by name."""
    for name in ("one", "two"):
        (pictures.parent / "studio" / name).mkdir(parents=True)
        for path in pictures.iterdir():
            (pictures.parent / "studio" / name / path.name).write_bytes(path.read_bytes())
    trained = shell.run("train", "--each-subfolder", "studio", *QUICK, *ICONS)
    assert trained.code == 0, trained.err
    assert shell.run("report", "studio").out == "studio.html\n"
    assert len(Page.of(shell.folder / "studio.html").all("li", "card")) == 2
    assert shell.run("report", "studio/two").out == "two.html\n"
    assert len(Page.of(shell.folder / "two.html").pictures) == 6


def test_what_cannot_be_reported(shell: Shell, pictures: Path) -> None:
    """A run that is not there, and a file that cannot be written, are one sentence each."""
    assert shell.run("report", "dogs").code == 2
    assert shell.train(pictures, *ICONS).code == 0
    refused = shell.run("report", "cats", "-o", "nowhere/cats.html")
    assert (refused.code, "nowhere/cats.html cannot be written" in refused.err) == (2, True), refused.err


def test_a_report_takes_the_place_of_no_image(shell: Shell, pictures: Path) -> None:
    """Nor of a caption, by its name or by what it is; it is refused before a thumbnail is made."""
    assert shell.train(pictures, *ICONS).code == 0
    (pictures / "nameless").write_bytes((pictures / "teal.png").read_bytes())
    before = {path: path.read_bytes() for path in pictures.iterdir()}
    for name in ("teal.png", "new.JPG", "teal.txt", "nameless"):
        refused = shell.run("report", "cats", "-o", pictures / name)
        assert (refused.code, f"{name} is, or is called like, an image or a caption" in refused.err) == (2, True), (
            refused
        )
    assert {path: path.read_bytes() for path in pictures.iterdir()} == before
    assert not (shell.folder / "runs" / "cats" / "thumbnails").exists(), "work was done for nothing"
