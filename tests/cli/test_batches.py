"""Batches on the command line: begun, shown, watched, stopped, gone on with, and summed up."""

import json
import signal
import time
from pathlib import Path

import pytest

from bria_async.sim import Simulator
from tests.cli.shell import ICONS, QUICK, Shell

pytestmark = pytest.mark.exhaustive

LEGACY = (*ICONS, "--family", "legacy", "--training-version", "max")
RUNS = ("birds", "cats", "dogs")
TITLES = sorted(f"studio/{name}" for name in RUNS)
SLOWLY = ("--requests-per-minute", "120")
"""Half a second between two uploads."""


@pytest.fixture
def many(pictures: Path) -> Path:
    """A folder of three subfolders with two images each."""
    folder = pictures.parent / "Studio"
    for number, name in enumerate(RUNS):
        (folder / name).mkdir(parents=True)
        for file in sorted(pictures.iterdir())[2 * number : 2 * number + 2]:
            (folder / name / file.name).write_bytes(file.read_bytes())
    return folder


def trained(shell: Shell, many: Path, *flags: str) -> None:
    """Train the batch."""
    done = shell.run("train", "--each-subfolder", many, *LEGACY, *QUICK, *flags)
    assert done.code == 0, (done.out, done.err)


def test_each_subfolder_is_trained(shell: Shell, fast: Simulator, many: Path) -> None:
    """One command trains them all, in lines that say whose they are; typed again it sends nothing."""
    first = shell.run("train", "--each-subfolder", many, *LEGACY, *QUICK)
    assert first.code == 0, (first.out, first.err)
    assert "studio: 3 of 3 runs are trained, 6 images." in first.out, first.out
    assert all(f"{name}: completed" in first.out for name in RUNS), first.out
    assert fast.counts["models.start_training"] == 3, fast.counts
    assert not fast.audit().twice(), fast.audit()
    sent = fast.counts.total()
    trained(shell, many)
    assert shell.run("resume", "studio", *QUICK).code == 0, "nor does resume"
    changed = shell.run("train", "--each-subfolder", many, *LEGACY, "--training-version", "light", *QUICK)
    assert (changed.code, "cats: The run 'cats' was started with another plan" in changed.out) == (2, True), changed
    assert "training_version: was 'max', now 'light'" in changed.out, "each with its differences"
    assert fast.counts.total() == sent, "nothing was sent"


def test_a_batch_is_shown_as_a_whole_and_by_run(shell: Shell, fast: Simulator, many: Path) -> None:
    """`runs`, `show`, `watch` and `verify` take the batch, a run by its name, and `batch/run`."""
    trained(shell, many)
    listed = shell.run("runs").out.splitlines()
    assert listed[1].split()[:5] == ["studio", "done", "6", "of", "6"], listed
    assert len(listed) == 2, "a batch is one line"
    assert {line.split()[0] for line in shell.run("runs", "--all").out.splitlines()[2:]} == {
        f"studio/{name}" for name in RUNS
    }
    shown = shell.run("show", "studio")
    assert "studio: done, 3 of 3 trained" in shown.out, shown.out
    assert "next: bria-async verify studio" in shown.out, shown.out
    data = shell.run("show", "studio", "--json").json
    assert {step["name"]: step["done"] for step in data["steps"]}["upload"] == 6, data
    assert len({run["model"] for run in data["each"]}) == 3, data
    (shell.folder / "runs" / "studio" / "cats" / "not-begun.txt").write_text("left by an older version")
    for name in ("cats", "studio/cats"):
        assert shell.run("show", name).out.startswith("studio/cats: done"), name
        assert shell.run("verify", name).code == 0, name
        assert shell.run("resume", name, *QUICK).code == 0, name
    assert "studio is done" in shell.run("watch", "studio").out
    assert "studio/cats is done" in shell.run("watch", "cats").out
    assert len(shell.run("captions", "cats").out.splitlines()) == 2, "one line per image"
    agreed = shell.run("verify", "studio")
    assert (agreed.code, agreed.out.splitlines()[0]) == (0, "3 runs, 6 images uploaded."), agreed
    fast.world.images.pop(next(iter(fast.world.images)))
    different = shell.run("verify", "studio")
    assert (different.code, "uploaded by the journal and not in dataset" in different.out) == (1, True), different
    assert len(shell.run("verify", "studio", "--json").json) == 3


def test_the_summary_tells_why_and_the_code_is_of_the_worst(shell: Shell, fast: Simulator, many: Path) -> None:
    """A run whose images cannot be used is worse than one that paused; those that are trained are counted."""
    (many / "birds" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    fast.fail("models.create", status=403)
    stopped = shell.run("train", "--each-subfolder", many, *LEGACY, *QUICK, "--models-at-once", "1")
    assert stopped.code == 2, stopped
    assert "studio: 1 of 3 runs are trained, 2 images." in stopped.out, stopped.out
    assert "  birds: The plan for 'birds' cannot work:" in stopped.out, stopped.out
    assert "  cats: " in stopped.out, stopped.out
    assert stopped.out.index("birds: does not begin: The plan for 'birds'") < stopped.out.index("paused: "), stopped.out
    assert "bria-async resume studio" in stopped.err, stopped.err
    shown = shell.run("show", "studio")
    assert "1 of 3 trained, 1 paused, 1 not begun" in shown.out, shown.out
    assert "403" in shown.out, "the reason"
    assert "studio/birds  not begun" in shown.out, shown.out
    assert "The plan for 'birds' cannot work" in shown.out, "the reason of one that is in no journal"
    alone = shell.run("show", "studio/birds")
    assert (alone.code, "has not begun: The plan for 'birds' cannot work: " in alone.err) == (1, True), alone
    assert shell.run("runs", "--json").json[0]["runs"] == {"done": 1, "paused": 1, "not begun": 1}
    done = shell.run("resume", "studio", *QUICK, "--on-bad-image", "skip", "--json")
    assert done.code == 0, done.err
    assert (done.events[-1]["exit"], sorted(done.events[-1]["trained"])) == (0, TITLES), done.events[-1]
    assert not fast.audit().twice(), fast.audit()
    assert "not begun" not in shell.run("show", "studio").out


def test_programs_find_a_run_under_one_name(shell: Shell, many: Path) -> None:
    """The one that is typed: in events, in what came of a batch, and wherever a run or all of them are shown."""
    (many / "birds" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    told = shell.run("train", "--each-subfolder", many, *LEGACY, *QUICK, "--json").events
    assert {event["run"] for event in told[:-1]} == set(TITLES), told
    trained, failed = told[-1]["trained"], told[-1]["failed"]
    assert ([*failed], sorted(trained)) == (TITLES[:1], TITLES[1:]), told[-1]
    assert {run: found["run"] for run, found in trained.items()} == {run: run for run in trained}
    shown = shell.run("show", "studio", "--json").json
    assert shown["not_begun"] == TITLES[:1], shown
    assert sorted(run["run"] for run in shown["each"]) == TITLES, shown
    assert sorted(run["run"] for run in shell.run("verify", "studio", "--json").json) == TITLES[1:]
    for name in ("cats", "studio/cats"):
        resumed = shell.run("resume", name, *QUICK, "--json").events
        found = [shell.run(command, name, "--json").json for command in ("show", "verify", "watch")]
        assert {one["run"] for one in [*found, *resumed]} == {"studio/cats"}, (found, resumed)


def test_one_failure_can_stop_the_others(shell: Shell, fast: Simulator, many: Path) -> None:
    """With --on-failure stop the batch pauses, and goes on later."""
    fast.fail("projects.create", status=403)
    stopped = shell.run(
        "train", "--each-subfolder", many, *LEGACY, *QUICK, "--on-failure", "stop", "--models-at-once", "1", "--json"
    )
    assert stopped.code == 3, stopped
    assert sorted(stopped.events[-1]["failed"]) == TITLES, stopped.events[-1]
    assert sum(event["what"] == "started" for event in stopped.events) == 1, "no more models at once"
    assert shell.run("resume", "studio", *QUICK).code == 0
    assert fast.counts["models.start_training"] == 3, fast.counts


def test_a_file_of_many_plans_is_a_batch(shell: Shell, many: Path) -> None:
    """Under the name it gives, with what it says of all."""
    file = many / "night.toml"
    plans = "".join(f"[[plans]]\nimages = '{name}'\n" for name in RUNS[:2])
    file.write_text(f'name = "Night shift"\nip_type = "icons"\nip_medium = "illustration"\nfamily = "legacy"\n'
                    f'training_version = "max"\n{plans}')  # fmt: skip
    done = shell.run("train", "--plan", file, *QUICK)
    assert (done.code, "night-shift: 2 of 2 runs are trained" in done.out) == (0, True), done
    refused = shell.run("train", many, "--plan", file, *QUICK)
    assert (refused.code, "leave out" in refused.err) == (2, True), refused


def test_a_batch_and_a_run_do_not_share_a_name(shell: Shell, fast: Simulator, many: Path, pictures: Path) -> None:
    """Neither takes the other's journal, and what is for one run refuses a batch."""
    trained(shell, many)
    taken = shell.train(pictures, *ICONS, "--name", "Studio")
    assert (taken.code, "is a batch" in taken.err) == (2, True), taken
    assert shell.train(pictures, *ICONS).code == 0
    taken = shell.run("train", "--each-subfolder", many, *LEGACY, *QUICK, "--name", "Cats")
    assert (taken.code, "is a run" in taken.err) == (2, True), taken
    for command in ("approve", "captions"):
        refused = shell.run(command, "studio")
        assert (refused.code, "name one of its runs: studio/RUN" in refused.err) == (2, True), refused
    for name, words in (("studio", "is whole"), ("studio/dogs", "bria-async repair studio")):
        refused = shell.run("repair", name)
        assert (refused.code, words in refused.err) == (2, True), refused
    zipped = shell.run("train", "--each-subfolder", many, *LEGACY, "--zip-url", "https://example.org/a.zip")
    assert (zipped.code, "no place for zips" in zipped.err) == (2, True), zipped
    assert fast.counts["models.start_training"] == 4, fast.counts


def test_a_batch_is_repaired(shell: Shell, fast: Simulator, many: Path) -> None:
    """As a journal that is damaged advises, and then it goes on."""
    trained(shell, many)
    (shell.folder / "runs" / "studio" / "journal.db").write_bytes(b"nothing of it is left")
    damaged = shell.run("resume", "studio", *QUICK)
    assert (damaged.code, "bria-async repair studio" in damaged.err) == (4, True), damaged
    for flags in (("--tag", "of nobody"), (many,)):
        assert shell.run("repair", "studio", *flags).code == 2, flags
    repaired = shell.run("repair", "studio")
    assert (repaired.code, "rebuilt for 3 runs" in repaired.out) == (0, True), repaired
    assert "6 of 6 images are on the server" in repaired.out, repaired.out
    assert shell.run("resume", "studio", *QUICK).code == 0
    assert fast.counts["images.upload"] == 6, fast.counts
    assert fast.counts["models.start_training"] == 3, fast.counts


def test_a_signal_stops_all_in_order(slow_shell: Shell, slow: Simulator, many: Path) -> None:
    """Ctrl-C lets finish what is on its way, sums up and says how to go on; nothing is sent twice."""
    with slow_shell.start("train", "--each-subfolder", many, *LEGACY, *QUICK, *SLOWLY, "--json") as running:
        running.until('"task": "upload"')
        began = time.monotonic()
        running.send(signal.SIGINT)
        stopped = running.end()
    assert stopped.code == 130, stopped
    assert time.monotonic() - began < 10, "it took too long"
    assert "bria-async resume studio" in stopped.err, stopped.err
    assert "Traceback" not in stopped.err, stopped.err
    assert (stopped.events[-1]["exit"], stopped.events[-1]["trained"]) == (130, {}), stopped.events[-1]
    assert slow_shell.run("runs", "--json").json[0]["state"] == "paused"
    with slow_shell.start("resume", "studio", *QUICK, "--json") as running:
        for _ in RUNS:
            running.until("training is InProgress")
        slow.clock.push(3 * 3600)
        assert running.end().code == 0, running.seen
    assert slow.counts["images.upload"] == 6, "every image once"
    assert not slow.audit().twice(), slow.audit()


def test_a_batch_is_watched_and_stopped(slow_shell: Shell, slow: Simulator, many: Path) -> None:
    """One of its runs is stopped and the others go on; then all are, with their trainings."""
    with slow_shell.start("train", "--each-subfolder", many, *LEGACY, *QUICK, "--json") as running:
        for _ in RUNS:
            running.until("training is InProgress")
        with slow_shell.start("watch", "studio", "--json") as watching:
            assert slow_shell.run("stop", "studio/cats").code == 0
            states = {run["run"]: run["state"] for run in slow_shell.run("show", "studio", "--json").json["each"]}
            assert states == {"studio/cats": "paused", "studio/birds": "running", "studio/dogs": "running"}
            assert next(iter(states)) == "studio/cats", "what needs somebody comes first"
            assert "next: bria-async watch studio" in slow_shell.run("show", "cats").out
            assert "cats is paused" in slow_shell.run("watch", "cats").out, "nobody works on it, only on the others"
            stopped = slow_shell.run("stop", "studio", "--training")
            assert stopped.code == 0, stopped
            watched = watching.end()
        ended = running.end()
    assert (ended.code, watched.code) == (3, 0), (ended, watched)
    assert watched.events[-1]["runs"] == {"paused": 3}, watched.events[-1]
    assert slow.counts["models.stop_training"] == 3, slow.counts
    slow.clock.push(3600)
    failed = slow_shell.run("resume", "studio", *QUICK, "--json")
    assert (failed.code, failed.events[-1]["exit"]) == (1, 1), failed
    assert json.dumps(failed.events[-1]["failed"]).count("Stopped") == 3, failed.events[-1]
    assert "other names" in failed.err, failed.err


def test_a_run_of_a_batch_that_goes_on_alone(slow_shell: Shell, slow: Simulator, many: Path) -> None:
    """Its process holds the journal of the batch, so a request to stop the batch is for it too."""
    paused = slow_shell.run("train", "--each-subfolder", many, *LEGACY, *QUICK, "--training-timeout", "0.1")
    assert (paused.code, "still InProgress" in paused.out) == (3, True), paused
    with slow_shell.start("resume", "studio/cats", *QUICK) as running:
        running.until("cats resumed")
        locked = slow_shell.run("resume", "studio", *QUICK)
        assert (locked.code, "is being worked on by process" in locked.err) == (4, True), locked
        assert slow_shell.run("stop", "studio").code == 0
        ended = running.end()
    assert (ended.code, "bria-async resume studio/cats" in ended.err) == (3, True), ended


def test_a_run_that_waits_for_its_turn(slow_shell: Shell, slow: Simulator, many: Path) -> None:
    """It is known before it begins, and can be stopped; a name that nobody plans is wrong usage."""
    typed = ("train", "--each-subfolder", many, *LEGACY, *QUICK, "--models-at-once", "1", "--json")
    with slow_shell.start(*typed) as running:
        running.until("training is InProgress")
        for name in ("studio/cats", "cats"):
            shown = slow_shell.run("show", name)
            assert (shown.code, shown.out.splitlines()[0]) == (0, "studio/cats: not begun, it waits for its turn"), (
                shown
            )
            assert "next: bria-async watch studio" in shown.out, shown.out
        assert slow_shell.run("watch", "cats", "--json").json["state"] == "not begun"
        for command in ("approve", "captions"):
            refused = slow_shell.run(command, "cats")
            assert (refused.code, "studio/cats has not begun" in refused.err) == (1, True), refused
        for command in ("show", "watch", "approve", "captions", "stop"):
            unknown = slow_shell.run(command, "studio/cast")
            assert (unknown.code, "The batch 'studio' has no run 'cast'" in unknown.err) == (2, True), unknown
        stopped = slow_shell.run("stop", "studio/cats")
        assert (stopped.code, "bria-async resume studio\n" in stopped.out) == (0, True), stopped
        shown = slow_shell.run("show", "cats")
        assert (shown.code, "has not begun: The run was asked to stop." in shown.err) == (1, True), shown
        assert slow_shell.run("stop", "studio").code == 0
        ended = running.end()
    assert ended.code == 3, ended
    told = [(event["run"], event["data"]) for event in ended.events if event["what"] == "not_begun"]
    assert told == [("studio/cats", {"reason": "The run was asked to stop."})], told
    assert slow_shell.run("stop", "studio/cats").out == "Nobody works on studio/cats.\n"
    assert "next: bria-async resume studio" in slow_shell.run("show", "studio/dogs").out
    assert slow.counts["projects.create"] == 1, slow.counts


def test_other_subfolders_are_added_to_what_has_begun(shell: Shell, fast: Simulator, many: Path) -> None:
    """A batch of the same name from elsewhere counts what `show` does, and lets nothing that was begun drop."""
    fast.fail("models.create", status=403, times=3)
    assert shell.run("train", "--each-subfolder", many, *LEGACY, *QUICK).code == 3
    elsewhere = many.parent / "elsewhere" / "Studio"
    elsewhere.mkdir(parents=True)
    (many / "dogs").rename(elsewhere / "hens")
    done = shell.run("train", "--each-subfolder", elsewhere, *LEGACY, *QUICK)
    assert (done.code, "studio: 4 of 4 runs are trained" in done.out) == (0, True), done
    assert "studio: done, 4 of 4 trained" in shell.run("show", "studio").out
    assert not fast.audit().twice(), fast.audit()
