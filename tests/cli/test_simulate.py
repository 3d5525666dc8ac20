"""`simulate` and the demo, as real processes."""

import json
import signal
import sys
from pathlib import Path

import pytest

from bria_async.sim import Simulator
from tests.cli.shell import Shell
from tests.support import TOKEN

CREATE = ("call", "projects.create", "project_name=A", "ip_type=icons", "ip_medium=illustration")


def test_a_simulated_world_survives_a_kill(shell: Shell, tmp_path: Path) -> None:
    """`simulate` prints its address and the line to type, and its world outlives SIGKILL."""
    arguments = ("simulate", "--port", "0", "--state", tmp_path / "world", "--token-env", "BRIA_API_TOKEN", "--strict")
    with shell.start(*arguments) as serving:
        line = serving.until("export BRIA_BASE_URL=")
        assert TOKEN not in line, "the token is named, not shown"
        url = line.split()[1].removeprefix("BRIA_BASE_URL=")
        there = shell.but(BRIA_BASE_URL=url)
        assert there.run(*CREATE).code == 0, "it serves"
        assert there.but(BRIA_API_TOKEN="another").run("call", "projects.list").code == 5, "only this token"
        serving.send(signal.SIGKILL)
        serving.end()
    with shell.start("simulate", "--port", url.rsplit(":", 1)[1], "--state", tmp_path / "world") as serving:
        serving.until("export")
        assert [project["project_name"] for project in there.run("call", "projects.list").json] == ["A"], "it is there"
        serving.send(signal.SIGINT)
        assert serving.end().code == 130, "Ctrl-C ends it"


def test_a_simulator_that_cannot_be_served_is_one_sentence(shell: Shell, fast: Simulator) -> None:
    """A port that is taken and an option that is none are exit code 2."""
    port = fast.base_url.rsplit(":", 1)[1]
    taken = shell.run("simulate", "--port", port)
    assert (taken.code, f"port {port} is taken; --port 0 takes a free one" in taken.err) == (2, True), taken.err
    (shell.folder / "world").touch()
    file = shell.run("simulate", "--port", "0", "--state", "world")
    assert (file.code, "cannot be served: world: File exists" in file.err) == (2, True), file.err
    wrong = shell.run("simulate", "--generation", "Z")
    assert (wrong.code, "generation is one of" in wrong.err) == (2, True), wrong.err


@pytest.mark.exhaustive
@pytest.mark.parametrize("family", ["fibo", "2024"])
def test_the_demo_goes_on_after_a_kill(family: str, shell: Shell, pictures: Path) -> None:
    """The demo types the real command; killed in the middle it goes on with the same run, done it begins anew."""
    program = (sys.executable, "-m", "bria_async.cli.demo")
    arguments = ("--family", family, "--images", pictures)
    with shell.start(*arguments, program=program) as running:
        running.until("training is InProgress")
        running.kill_all()
    note = json.loads((shell.folder / "demo" / "demo.json").read_text())
    with shell.start(*arguments, program=program) as running:
        running.until("goes on where it stopped")
        done = running.end()
    assert done.code == 0, (done.out, done.err)
    assert json.loads((shell.folder / "demo" / "demo.json").read_text()) == note, "the same run at the same address"
    assert f"$ bria-async train {pictures}" in done.out, done.out
    assert "accepted 6 images, 1 training, 2 samples; nothing twice" in done.out, done.out
    assert len(list((shell.folder / "demo" / "samples").iterdir())) == 2, "two samples lie there"
