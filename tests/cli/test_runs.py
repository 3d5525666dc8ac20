"""The commands about runs, on runs that are done, that wait, and that another process works on."""

from pathlib import Path

import pytest

from bria_async.graph.control import STOP, Request
from bria_async.host import Host
from bria_async.sim import Simulator
from bria_async.training.place import Place
from tests.cli.shell import ICONS, QUICK, Shell


def test_a_finished_run_is_listed_shown_and_verified(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """`runs`, `show`, `watch`, `captions` and `verify` tell of a run that is done."""
    assert "There are no runs" in shell.run("runs").out, "an empty state folder is no error"
    shell.train(pictures, *ICONS, "--sample", "a cat")
    (model,) = fast.world.models
    assert shell.run("runs").out.splitlines()[1].split()[:6] == ["cats", "done", "6", "of", "6", str(model)]
    shown = shell.run("show", "cats")
    assert f"model {model}" in shown.out, shown.out
    assert f"next: bria-async generate {model}" in shown.out, shown.out
    steps = {step["name"]: step for step in shell.run("show", "cats", "--json").json["steps"]}
    assert (steps["upload"]["done"], steps["sample"]["done"]) == (6, 1), steps
    assert "cats is done" in shell.run("watch", "cats").out, "there is nothing to wait for"
    assert len(shell.run("captions", "cats").out.splitlines()) == 6, "one line per image"
    agreed = shell.run("verify", "cats")
    assert (agreed.code, "server agree" in agreed.out) == (0, True), agreed
    assert shell.run("show", "dogs").code == 2, "there is no such run"


def test_verify_finds_what_is_gone(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """An image that vanished from the server is a difference and exit code 1, in words and as JSON."""
    shell.train(pictures, *ICONS)
    fast.world.images.pop(next(iter(fast.world.images)))
    different = shell.run("verify", "cats")
    assert (different.code, "1 difference." in different.err) == (1, True), different
    assert "uploaded by the journal and not in dataset" in different.out, different.out
    assert len(shell.run("verify", "cats", "--json").json["differences"]) == 1, "the same as JSON"


def test_a_run_is_watched_and_stopped_with_its_training(slow_shell: Shell, slow: Simulator, pictures: Path) -> None:
    """`watch` follows a run that another process works on until `stop --training` ends both."""
    with slow_shell.start("train", pictures, *ICONS, *QUICK) as running:
        running.until("training is InProgress")
        with slow_shell.start("watch", "cats", "--json") as watching:
            locked = slow_shell.run("resume", "cats", *QUICK)
            assert (locked.code, "is being worked on by process" in locked.err) == (4, True), locked.err
            assert slow_shell.run("runs").out.splitlines()[1].split()[1] == "running", "the journal is alive"
            stopped = slow_shell.run("stop", "cats", "--training")
            assert stopped.code == 0, stopped.err
            watched = watching.end()
        ended = running.end()
    assert ended.code == 3, ended.err
    assert slow.counts["models.stop_training"] == 1, slow.counts
    assert watched.code == 0, watched.err
    assert watched.events[-1]["state"] == "paused", watched.events
    assert "bria-async resume cats" in slow_shell.run("show", "cats").out, "it says how to go on"
    slow.clock.push(3600)
    failed = slow_shell.run("resume", "cats", *QUICK)
    assert (failed.code, "Stopped" in failed.err) == (1, True), failed.err
    assert slow_shell.run("train", pictures, *ICONS).code == 1, "a failed run stays failed"


def test_a_training_is_stopped_that_nobody_waits_for(slow_shell: Shell, slow: Simulator, pictures: Path) -> None:
    """`stop` without a process says so, and with --training stops the training itself."""
    paused = slow_shell.train(pictures, *ICONS, "--training-timeout", "0.1")
    assert (paused.code, "still InProgress" in paused.err) == (3, True), paused.err
    assert "Nobody works on cats" in slow_shell.run("stop", "cats").out, "nobody is there to stop"
    assert slow_shell.run("stop", "cats", "--training").code == 0, "the training is"
    assert slow.counts["models.stop_training"] == 1, slow.counts


def test_captions_wait_for_their_approval(slow_shell: Shell, slow: Simulator, pictures: Path) -> None:
    """With --review a run waits until `approve`, and only then completes its dataset."""
    with slow_shell.start("train", pictures, *ICONS, *QUICK, "--review") as running:
        running.until("bria-async approve cats")
        assert not slow.counts["models.create"], "nothing is trained before"
        assert "running, waits for your approval" in slow_shell.run("runs").out, "whoever lists them sees it"
        assert slow_shell.run("runs", "--json").json[0]["waits_for_approval"] is True
        shown = slow_shell.run("show", "cats").out
        assert shown.startswith("cats: running, waits for your approval, begun"), shown
        assert "next: bria-async approve cats" in shown, shown
        assert slow_shell.run("approve", "cats").code == 0, "approved"
        running.until("training is InProgress")
        slow.clock.push(3 * 3600)
        assert running.end().code == 0, running.seen
    assert "approv" not in slow_shell.run("runs").out


def test_captions_are_changed_while_they_are_reviewed(
    slow_shell: Shell, slow: Simulator, pictures: Path, tmp_path: Path
) -> None:
    """`caption` and `schema` have the run change its draft, and say at once what it could not use."""
    schema = tmp_path / "schema.json"
    with slow_shell.start("train", pictures, *ICONS, *QUICK, "--review") as running:
        running.until("bria-async approve cats")
        image, _, name = slow_shell.run("captions", "cats").out.splitlines()[0].partition(" ")
        assert slow.world.images[int(image)].image_name == name.partition(":")[0]
        refused = slow_shell.run("caption", "cats", image, "a cat")
        assert (refused.code, "must be a JSON object, not 'a cat'" in refused.err) == (2, True), refused
        told = slow_shell.run("caption", "cats", image, '{"a": "cat"}').out
        assert told == f"cats is to change the caption of image {image}.\n"
        schema.write_bytes(b"caf\xe9")
        refused = slow_shell.run("schema", "cats", schema)
        assert (refused.code, "is not UTF-8" in refused.err) == (2, True), refused
        schema.write_text('{"style": "flat"}\n')
        assert slow_shell.run("schema", "cats", schema).out == "cats is to change what captions are made with.\n"
        assert slow_shell.run("approve", "cats").code == 0
        running.until("training is InProgress")
        slow.clock.push(3 * 3600)
        assert running.end().code == 0, running.seen
    (dataset,) = slow.world.datasets.values()
    assert (slow.world.images[int(image)].caption, dataset.visual_schema) == ('{"a": "cat"}', '{"style": "flat"}')
    late = slow_shell.run("schema", "cats", schema, "--captions-anew")
    assert (late.code, "is completed: its captions cannot be changed" in late.err) == (2, True), late


def test_an_old_request_to_stop_stops_nothing(shell: Shell, pictures: Path) -> None:
    """A request to stop that nobody took any more is not meant for the next process."""
    Place.of("cats", shell.folder / "runs").control.ask(Request(STOP), Host())
    done = shell.train(pictures, *ICONS)
    assert done.code == 0, done.err


@pytest.mark.parametrize("command", [("runs",), ("show", "cats"), ("report", "cats"), ("dashboard", "--port", "0")])
def test_a_state_folder_that_is_a_file(command: tuple[str, ...], shell: Shell, pictures: Path) -> None:
    """It is not taken for one without runs; where nothing is, that is said with the next command."""
    (shell.folder / "file").touch()
    refused = shell.run(*command, "--state", "file")
    assert (refused.code, "Runs lie in a folder, and file is none" in refused.err) == (2, True), refused
    if command[0] == "runs":
        assert shell.run(*command).out.startswith(f"There are no runs in {shell.folder / 'runs'}. Begin one: ")
    elif command[0] != "dashboard":
        missing = shell.run(*command, "--state", "elsewhere")
        words = f"bria-async runs --state {shell.folder / 'elsewhere'} lists those that are.\n"
        assert (missing.code, missing.err.endswith(words)) == (2, True), missing


def test_a_port_that_is_taken(shell: Shell, fast: Simulator) -> None:
    """The dashboard says so, and how to get another one."""
    port = fast.base_url.rsplit(":", 1)[1]
    taken = shell.run("dashboard", "--port", port)
    words = f"Port {port} cannot be used: Address already in use. --port 0 takes a free one.\n"
    assert (taken.code, taken.err) == (2, words), taken


def test_a_journal_that_is_none_is_told_with_its_repair(shell: Shell) -> None:
    """By whatever looks at it; a list of runs does not say that there are none, and lists the others."""
    (shell.folder / "runs" / "cats").mkdir(parents=True)
    (shell.folder / "runs" / "cats" / "journal.db").write_text("no database")
    shown = shell.run("show", "cats")
    assert (shown.code, shown.err.endswith("bria-async repair cats\n")) == (4, True), shown
    listed = shell.run("runs")
    assert (listed.code, listed.out) == (0, ""), listed
    assert listed.err.startswith("warning: The journal ") and listed.err.endswith("repair cats\n"), listed
