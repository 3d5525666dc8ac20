"""`train` and `resume` as real processes against the simulator."""

import errno
import os
import resource
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from bria_async.sim import Clock, Options, Simulator
from tests.cli.shell import ICONS, QUICK, Shell, served
from tests.support import TOKEN

WHAT = {
    "fibo": ICONS,
    "legacy": (*ICONS, "--training-version", "max"),
    "2024": ("--use-case", "illustrative_style", "--style-description", "flat"),
}


@pytest.mark.parametrize("family", WHAT)
def test_a_family_is_trained_and_its_events_are_json(
    family: str, shell: Shell, fast: Simulator, pictures: Path
) -> None:
    """One command goes from a folder to samples on disk, one JSON object a line, the last a summary."""
    done = shell.train(pictures, "--family", family, *WHAT[family], "--sample", "a cat", "--json")
    assert done.code == 0, done.err
    *events, summary = done.events
    assert next(event["what"] for event in events) == "started", "the first event is the start"
    assert sum(event["what"] == "finished" and event["task"] == "upload" for event in events) == 6, "one per upload"
    assert (summary["what"], summary["exit"], summary["images"]) == ("summary", 0, 6), summary
    assert Path(summary["samples"][0]["path"]).stat().st_size > 0, "the sample lies on the disk"
    assert fast.counts["images.upload"] == 6, fast.counts
    assert fast.counts["models.start_training"] == 1, fast.counts
    assert TOKEN not in done.out + done.err, "the token is shown nowhere"


def test_the_same_command_shows_a_finished_run_again(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """Plain lines tell the steps; running it again prints the same summary and sends nothing."""
    first = shell.train(pictures, *ICONS)
    assert first.code == 0, first.err
    assert "cats is trained" in first.out, "the name comes from the folder"
    assert "upload 6 of 6" in first.out, first.out
    assert "next: bria-async generate" in first.out, first.out
    sent = fast.counts.total()
    again = shell.train(pictures, *ICONS)
    assert again.code == 0, again.err
    assert again.out.endswith(first.out[first.out.index("cats is trained") :]), "the same summary"
    assert fast.counts.total() == sent, "nothing was sent"


def test_a_changed_plan_is_refused_with_its_differences(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """Another plan under the same name ends with exit code 2 and a diff, and nothing is sent."""
    shell.train(pictures, *ICONS)
    sent = fast.counts.total()
    changed = shell.train(pictures, *ICONS, "--training-version", "max")
    assert changed.code == 2, changed.err
    assert "training_version: was None, now 'max'" in changed.err, changed.err
    assert fast.counts.total() == sent, "nothing was sent"


def test_a_plan_comes_from_toml_and_flags_come_first(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """A plan file's folder is relative to the file, its expert table is sent, and a flag overrides it."""
    plan = pictures.parent / "plan.toml"
    plan.write_text(
        'images = "Cats"\nname = "From a file"\nip_type = "icons"\nip_medium = "illustration"\n'
        'training_mode = "expert"\n[expert]\nrank = 64\n'
    )
    done = shell.run("train", "--plan", plan, "--name", "From a flag", "--expert", "rank=32", "--json", *QUICK)
    assert done.code == 0, done.err
    assert done.events[-1]["run"] == "from-a-flag", done.events[-1]
    (model,) = fast.world.models.values()
    assert model.name.startswith("From a flag [run "), model
    assert (model.parameters or {})["rank"] == 32, "the flag's value was sent"


def test_an_unusable_image_is_left_out_with_its_reason(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """With --on-bad-image skip the others are trained, and the output says why one was not."""
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    done = shell.train(pictures, *ICONS, "--on-bad-image", "skip")
    assert done.code == 0, done.err
    assert "broken.png" in done.out, done.out
    assert fast.counts["images.upload"] == 6, fast.counts


# --- bad input --------------------------------------------------------------------------------------------------------


def refused(shell: Shell, fast: Simulator, folder: Path, *flags: str, words: str, code: int = 2) -> None:
    """Run a command that cannot work, and look at what it leaves."""
    done = shell.train(folder, *flags)
    assert done.code == code, (done.out, done.err)
    assert words in done.err, done.err
    assert "Traceback" not in done.err, done.err
    assert not fast.counts, f"nothing was created, but {fast.counts}"


CHARACTER = ("--ip-type", "defined_character", "--ip-medium", "photography")
BAD_FLAGS = [
    (("--ip-type", "unicorns", "--ip-medium", "illustration"), "unicorns"),
    ((*CHARACTER, "--ip-description", "purple hair"), "ip_name is needed"),
    ((*CHARACTER, "--ip-name", "Lora"), "ip_description is needed"),
    (("--ip-type", "icons", "--ip-medium", "photography"), "only goes with ip_medium illustration"),
    ((*ICONS, "--expert", "rank=8"), "training_mode expert"),
    ((*ICONS, "--training-mode", "expert", "--expert", "bogus=8"), "bogus"),
    ((*ICONS, "--training-mode", "expert", "--expert", "rank=900"), "at most 256"),
    ((*ICONS, "--upload", "zip"), "zip_url"),
]


@pytest.mark.parametrize(("flags", "words"), BAD_FLAGS)
def test_a_plan_that_cannot_work_creates_nothing(
    flags: tuple[str, ...], words: str, shell: Shell, fast: Simulator, pictures: Path
) -> None:
    """What is wrong with a plan is one clear sentence and exit code 2, before anything is created."""
    refused(shell, fast, pictures, *flags, words=words)


def test_a_folder_that_cannot_work_creates_nothing(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """No folder, an empty one, one without a usable image, a file, and too few images are told apart."""
    folder = pictures.parent / "other"
    refused(shell, fast, folder, *ICONS, words="is not there")
    folder.mkdir()
    refused(shell, fast, folder, *ICONS, words="no image in")
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    refused(shell, fast, folder, *ICONS, "--on-bad-image", "skip", words="no image in")
    refused(shell, fast, folder / "a.png", *ICONS, words="is neither a folder of images nor a text file")
    (folder / "a.png").write_bytes((pictures / "teal.png").read_bytes())
    refused(shell, fast, folder, *ICONS, words="needs at least 5 images, 1 can be used")


def test_a_folder_that_cannot_be_listed_creates_nothing(
    shell: Shell, fast: Simulator, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which, and why."""
    listed = os.scandir

    def forbidden(folder: Path) -> Any:
        if folder == pictures:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", forbidden)
    refused(shell, fast, pictures, *ICONS, words=f"{pictures}: cannot be listed: Permission denied")


def test_tokens_and_hosts_that_cannot_work_create_nothing(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """A missing and a wrong token, an unreachable and an unsafe server each have their sentence."""
    refused(shell.but(BRIA_API_TOKEN=""), fast, pictures, *ICONS, words="There is no API token")
    wrong = shell.but(BRIA_API_TOKEN="wrong")
    refused(wrong, fast, pictures, *ICONS, words="BRIA_API_TOKEN", code=3)
    away = ("--base-url", "http://127.0.0.1:9", "--name", "away")
    refused(shell, fast, pictures, *ICONS, *away, words="Nothing reached the server", code=3)
    unsafe = ("--base-url", "http://example.org")
    refused(shell, fast, pictures, *ICONS, *unsafe, words="is not https")


def test_a_token_in_a_file_is_taken_and_others_are_warned_of(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """A token file works without the variable; one that others can read is warned about; none is a sentence."""
    file = pictures.parent / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o644)
    bare = shell.but(BRIA_API_TOKEN="")
    listed = bare.run("call", "projects.list", "--token-file", file)
    assert (listed.code, listed.json) == (0, []), listed.err
    assert "others can read" in listed.err, listed.err
    file.chmod(0o600)
    assert (bare.run("call", "projects.list", "--token-file", file)).err == "", "0600 needs no warning"
    missing = bare.run("call", "projects.list", "--token-file", pictures / "none")
    assert (missing.code, "cannot be read" in missing.err) == (2, True), missing.err


@pytest.mark.fault("D1")
def test_a_full_disk_stops_the_run_and_loses_nothing(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """A journal that cannot grow is one sentence and exit code 4; with room again the run ends with nothing twice."""
    limited = (
        "import resource, runpy, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))\n"
        "runpy.run_module('bria_async', run_name='__main__', alter_sys=True)"
    )
    with shell.start("train", pictures, *ICONS, *QUICK, program=(sys.executable, "-c", limited)) as running:
        full = running.end()
    assert full.code == 4, (full.out, full.err)
    assert "Make room on the disk" in full.err, full.err
    assert "Traceback" not in full.err, full.err
    done = shell.train(pictures, *ICONS)
    assert done.code == 0, done.err
    assert not fast.audit().twice(), fast.audit()
    assert fast.counts["images.upload"] == 6, fast.counts


def test_journals_that_cannot_be_used_are_left_alone(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """A journal of a newer version, and a state folder that is none, end with exit code 4."""
    shell.train(pictures, *ICONS)
    journal = pictures.parent / "runs" / "cats" / "journal.db"
    with sqlite3.connect(journal) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    sent = fast.counts.total()
    newer = shell.train(pictures, *ICONS)
    assert (newer.code, "has format 99" in newer.err) == (4, True), newer.err
    (pictures.parent / "file").touch()
    nowhere = shell.but(BRIA_STATE=str(pictures.parent / "file")).train(pictures, *ICONS)
    assert (nowhere.code, "cannot be used" in nowhere.err) == (4, True), nowhere.err
    assert fast.counts.total() == sent, "nothing was sent"


def test_a_run_is_resumed_only_where_it_began(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """`resume` against another server is refused: its token is not for that server, its ids mean nothing there."""
    shell.train(pictures, *ICONS)
    with served(Options(), Clock()) as other:
        refusal = shell.but(BRIA_BASE_URL=other.base_url).run("resume", "cats", *QUICK)
        assert refusal.code == 2, refusal.err
        assert "server: was" in refusal.err, refusal.err
        assert shell.but(BRIA_BASE_URL=other.base_url).run("verify", "cats").code == 2, "nor is it verified there"
        assert not other.requests, "no request reached it"
    assert (shell.run("resume", "cats", *QUICK)).code == 0, "where it began it goes on"
    unknown = shell.run("resume", "dogs")
    assert (unknown.code, "There is no run 'dogs'" in unknown.err) == (2, True), unknown.err
