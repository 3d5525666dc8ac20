"""Commands that are printed can be typed as they are: where the run lies and which server it began on are in them."""

import asyncio
import contextlib
import re
import shlex
from pathlib import Path

import attrs
import pytest

from bria_async.sim import Simulator
from tests.cli.shell import ICONS, QUICK, Result, Shell
from tests.dashboard.door import serving
from tests.dashboard.html import Page
from tests.support import TOKEN


@attrs.frozen
class Elsewhere:
    """A shell whose environment names neither the state nor the server."""

    shell: Shell
    flags: tuple[str, ...]

    def run(self, *words: str | Path) -> Result:
        """Run a command with the flags."""
        return self.shell.run(*words, *self.flags)

    def type(self, printed: str, command: str, *more: str) -> Result:
        """Type the one printed line that begins this command, and more flags."""
        (found,) = re.findall(rf"bria-async {command} .*", printed)
        return self.shell.run(*shlex.split(found)[1:], *more)


@pytest.fixture
def elsewhere(fast: Simulator, tmp_path: Path) -> Elsewhere:
    """Runs in a folder whose name needs quotes, on a server that only a flag names."""
    flags = ("--state", str(tmp_path / "my runs"), "--base-url", fast.base_url)
    return Elsewhere(Shell(tmp_path, {"BRIA_API_TOKEN": TOKEN}), flags)


def damage(journal: Path) -> None:
    """Flip a bit of an event."""
    content = bytearray(journal.read_bytes())
    content[content.index(b"finished")] ^= 1
    journal.write_bytes(content)


def test_from_a_pause_to_a_sample(elsewhere: Elsewhere, fast: Simulator, pictures: Path) -> None:
    """Each command leads to the next one: paused, resumed, and a sample of the model."""
    fast.fail("models.create", status=403)
    paused = elsewhere.run("train", pictures, *ICONS, *QUICK)
    assert paused.code == 3, paused.err
    shown = elsewhere.shell.run("show", "cats", *elsewhere.flags[:2])
    assert "bria-async resume --state" in shown.out, shown.out
    done = elsewhere.type(paused.err, "resume", *QUICK)
    assert done.code == 0, done.err
    sample = elsewhere.type(done.out, "generate")
    assert sample.code == 0, sample.err


def test_what_pages_say_to_type(elsewhere: Elsewhere, fast: Simulator, pictures: Path) -> None:
    """A report, a page of the dashboard and a command that was given a relative folder say what works in any folder."""
    fast.fail("models.create", status=403)
    assert elsewhere.run("train", pictures, *ICONS, *QUICK).code == 3
    relative = elsewhere.shell.run("show", "cats", "--state", "my runs").out
    assert elsewhere.shell.run("report", "cats", "--state", "my runs").code == 0
    reported = Page.of(elsewhere.shell.folder / "cats.html").text

    async def look() -> str:
        async with serving(Path("my runs")) as door:
            return (await door.ask("/runs/cats")).text

    with contextlib.chdir(elsewhere.shell.folder):
        page = Page()
        page.feed(asyncio.run(look()))
    away = attrs.evolve(elsewhere, shell=attrs.evolve(elsewhere.shell, folder=pictures))
    for printed in (relative, reported, page.text):
        (found,) = set(re.findall("bria-async resume .*", printed))
        assert shlex.split(found)[2:] == ["--state", str(elsewhere.shell.folder / "my runs"), "cats"]
        done = away.type(found, "resume", *QUICK, *elsewhere.flags[2:])
        assert done.code == 0, done.err


def test_from_damage_to_the_end(elsewhere: Elsewhere, fast: Simulator, pictures: Path) -> None:
    """A damaged journal leads to its repair, and the repair to the resume, on the server where the run began."""
    assert elsewhere.run("train", pictures, *ICONS, *QUICK).code == 0
    damage(elsewhere.shell.folder / "my runs" / "cats" / "journal.db")
    refused = elsewhere.run("resume", "cats")
    assert refused.code == 4, refused.err
    repaired = elsewhere.type(refused.err, "repair")
    assert repaired.code == 0, repaired.err
    done = elsewhere.type(repaired.out, "resume", "--settle", "0")
    assert (done.code, fast.counts["images.upload"]) == (0, 6), done.err


def test_a_whole_journal_names_the_resume(elsewhere: Elsewhere, pictures: Path) -> None:
    """What an error of the library says to type has the flags as well."""
    assert elsewhere.run("train", pictures, *ICONS, *QUICK).code == 0
    whole = elsewhere.run("repair", "cats")
    assert elsewhere.type(whole.err, "resume").code == 0, whole.err


def test_an_approval_that_is_asked_for(elsewhere: Elsewhere, fast: Simulator, pictures: Path) -> None:
    """The approval that an event asks for knows no server, so it gets only the state."""
    with elsewhere.shell.start("train", pictures, *ICONS, *QUICK, "--review", *elsewhere.flags) as running:
        asked = running.until("bria-async approve")
        assert elsewhere.type(asked, "approve").code == 0, asked
        assert running.end().code == 0, running.seen
