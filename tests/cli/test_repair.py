"""`repair` on the command line: what it says, and what is typed next."""

from pathlib import Path

from bria_async.sim import Simulator
from tests.cli.shell import ICONS, Shell


def test_a_damaged_journal_is_repaired_and_resumed(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """The refusal names the command, the command tells what it found and what is next, and that finds all done."""
    shell.train(pictures, *ICONS, "--sample", "a cat")
    journal = shell.folder / "runs" / "cats" / "journal.db"
    sent = fast.counts["images.upload"], fast.counts["models.start_training"], len(fast.world.jobs)
    content = bytearray(journal.read_bytes())
    at = content.index(b"finished")
    content[at] ^= 1
    journal.write_bytes(content)
    refused = shell.run("resume", "cats")
    assert (refused.code, "bria-async repair cats" in refused.err) == (4, True), refused.err
    repaired = shell.run("repair", "cats")
    assert repaired.code == 0, repaired.err
    for line in (
        "damage    The journal",
        f"kept      {journal.with_name('journal.damaged-1.db')}",
        "plan      read from the journal",
        "images    6 of 6 on the server",
        "found     project, dataset, upload 6, model, training",
        "readable  submission, sample",
        "charged   nothing",
        "next: bria-async resume cats",
    ):
        assert line in repaired.out, f"{line!r} is not in\n{repaired.out}"
    assert "canary" not in repaired.out, "the token"
    done = shell.run("resume", "cats", "--settle", "0")
    assert done.code == 0, done.err
    assert sent == (fast.counts["images.upload"], fast.counts["models.start_training"], len(fast.world.jobs))
    assert "is whole" in shell.run("repair", "cats").err, "a whole one is left alone"


def test_a_lost_journal_needs_its_plan(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """Without any journal the flags of `train` are given again; the result is JSON where that is asked for."""
    shell.train(pictures, *ICONS)
    journal = shell.folder / "runs" / "cats" / "journal.db"
    journal.unlink()
    asked = shell.run("repair", "cats")
    assert (asked.code, "bria-async repair cats FOLDER" in asked.err) == (2, True), asked.err
    found = shell.run("repair", "cats", pictures, *ICONS, "--json").json
    assert (found["damage"], found["damaged"], found["adopted"]["upload"]) == ("it is gone", None, 6), found
    assert shell.run("resume", "cats", "--settle", "0").code == 0, "and it goes on"
    assert fast.counts["images.upload"] == 6, fast.counts
