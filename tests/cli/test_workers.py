"""Runs that workers share, on the command line: handed over, worked on by real processes, watched, stopped."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bria_async.engines.postgres.database import Database
from bria_async.sim import Simulator
from tests.cli.shell import ICONS, QUICK, Result, Running, Shell, without

pytestmark = pytest.mark.exhaustive

CANARY = "canary7e1c0ffee"
"""In the address of every database here, as the password or as that of a key that is not there."""
HAND_OVER = (*ICONS, "--engine", "dbos")
START = "bria-async worker --engine dbos"
LONGEST = 5.0
"""Seconds that a worker may take that ends at once; in order, it waits longer for a request on its way."""


@pytest.fixture
def address(database: Database) -> str:
    """An empty database, by an address with a secret in it."""
    if ":@" in database.url:
        return database.url.replace(":@", f":{CANARY}@")
    return f"{database.url}{'&' if '?' in database.url else '?'}sslpassword={CANARY}"


@pytest.fixture
def shared(shell: Shell, address: str) -> Shell:
    """A shell that talks to the fast simulator, and to the database."""
    return shell.but(BRIA_DATABASE=address)


@pytest.fixture
def slowly(slow_shell: Shell, address: str) -> Shell:
    """A shell that talks to the simulator whose trainings wait, and to the database."""
    return slow_shell.but(BRIA_DATABASE=address)


@contextlib.contextmanager
def working(shell: Shell, *flags: str) -> Iterator[Running]:
    """A worker, as a process."""
    with shell.start("worker", "--engine", "dbos", *QUICK, *flags) as running:
        running.until("works for")
        yield running


def hand_over(shell: Shell, *what: str | Path) -> Result:
    """Hand over what works."""
    done = shell.run("train", *what, *HAND_OVER)
    assert done.code == 0, (done.out, done.err)
    return done


def stopped(running: Running, number: signal.Signals = signal.SIGTERM) -> Result:
    """Stop a worker in order."""
    running.send(number)
    end = running.end()
    assert end.code == 0, (end.out, end.err)
    assert end.out.splitlines()[-1].endswith("  stopped"), end.out
    assert "Traceback" not in end.out + end.err, end
    return end


def test_a_worker_trains_what_was_handed_over(shared: Shell, fast: Simulator, pictures: Path) -> None:
    """All commands that show runs show it, before and after, in the fields of any run; no secret is told."""
    told = [shared.run("runs"), hand_over(shared, pictures)]
    assert "There are no runs" in told[0].out
    assert "cats is with the workers of postgresql://" in told[1].out, told[1].out
    assert f"There is no worker yet. Start one, or several: {START}" in told[1].out, told[1].out
    assert "next: bria-async watch cats" in told[1].out, told[1].out
    again = shared.run("train", pictures, *HAND_OVER, "--json")
    assert again.json == {
        "what": "summary", "exit": 0, "run": "cats", "handed_over": ["cats"], "done": [], "failed": {}, "workers": 0
    }  # fmt: skip
    changed = shared.run("train", pictures, *HAND_OVER, "--refine", "bluer")
    assert (changed.code, "refine: was None, now 'bluer'" in changed.err) == (2, True), changed
    assert not fast.counts, "nothing was sent"
    shown = shared.run("show", "cats")
    assert "cats: waiting, begun" in shown.out and f"next: {START}" in shown.out, shown.out
    with working(shared) as running:
        with shared.start("watch", "cats", "--json") as watching:
            watched = watching.end()
        assert (watched.code, watched.events[-1]["state"]) == (0, "done"), watched
        known = shared.run("train", pictures, *HAND_OVER)
        assert known.out.splitlines() == ["cats is done.", "next: bria-async show cats"], known.out
        assert shared.run("resume", "cats").out == known.out
        end = stopped(running)
    assert "cats started" in end.out and "cats completed" in end.out, end.out
    listed = shared.run("runs", "--json")
    local = shared.but(BRIA_DATABASE="")
    assert local.train(pictures, *ICONS).code == 0
    for command in (("runs", "--json"), ("show", "cats", "--json"), ("verify", "cats", "--json")):
        here, there = local.run(*command).json, shared.run(*command).json
        one, other = (here[0], there[0]) if command[0] == "runs" else (here, there)
        assert one.keys() == other.keys() and one["state"] == other["state"] == "done", (one, other)
    told += [again, changed, shown, watched, end, known, listed]
    told += [shared.run("show", "cats"), shared.run("verify", "cats"), shared.run("captions", "cats")]
    assert len(told[-1].out.splitlines()) == 6, told[-1]
    assert fast.counts["models.start_training"] == 2, "one of a worker, one of this process"
    assert not fast.audit().twice(), fast.audit()
    assert not [result for result in told if CANARY in result.out + result.err]


def test_a_batch_stops_and_goes_on(slowly: Shell, slow: Simulator, pictures: Path) -> None:
    """One of its runs alone, or all; what is asked for while there is no worker waits for one."""
    folder = pictures.parent / "Studio"
    for name, files in {"cats": sorted(pictures.iterdir())[:2], "dogs": sorted(pictures.iterdir())[2:4]}.items():
        (folder / name).mkdir(parents=True)
        for file in files:
            (folder / name / file.name).write_bytes(file.read_bytes())
    legacy = ("--family", "legacy", "--training-version", "max")
    (folder / "owls").mkdir()
    (folder / "owls" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    refused = slowly.run("train", "--each-subfolder", folder, *HAND_OVER, *legacy)
    assert (refused.code, "1 of 3 runs were not handed over" in refused.err) == (2, True), refused
    assert "studio: 2 of 3 runs are with the workers" in refused.out, refused.out
    assert "  studio/owls: The plan for 'owls' cannot work" in refused.out, refused.out
    (listed,) = slowly.run("runs", "--json").json
    assert (listed["state"], listed["runs"]) == ("waiting", {"waiting": 2, "not begun": 1})
    assert f"next: {START}" in slowly.run("show", "studio").out
    told = slowly.run("stop", "dogs")
    assert told.out == f"dogs is to stop, which waits for a worker that hears it: {START}\n", told
    with working(slowly) as running:
        running.until("The run was asked to stop")
        looks = (slowly.run("show", "studio/dogs").out for _ in range(100))  # who has stopped lets go a moment later
        dogs = next((shown for shown in looks if "next: bria-async resume studio/dogs" in shown), "")
        assert "studio/dogs: paused (The run was asked to stop.)" in dogs, dogs
        gone_on = slowly.run("resume", "dogs", "--review").out
        assert gone_on.startswith("studio/dogs is with the workers of"), gone_on
        with slowly.start("watch", "dogs") as watching:
            watching.until("ready for review")
            assert slowly.run("approve", "dogs").out == "dogs is approved.\n"
            watching.until("training is InProgress")
        assert slowly.run("stop", "studio").out.startswith("studio has stopped; go on with: bria-async resume studio")
        assert slowly.run("runs", "--json").json[0]["runs"] == {"paused": 2, "not begun": 1}
        stopped(running, signal.SIGINT)
    assert slowly.run("stop", "studio").out == "Nobody works on studio.\n"
    ended = slowly.run("stop", "cats", "--training", *QUICK[:0])
    assert "The training of model" in ended.out and "was asked to stop" in ended.out, ended
    assert "was asked to stop" in slowly.run("show", "cats").out, "it is told in its journal, too"
    assert slow.counts["models.stop_training"] == 1, slow.counts
    assert slowly.run("resume", "studio").out.splitlines()[0].startswith("studio: 2 of 2 runs are with the workers")
    assert not slow.audit().twice(), slow.audit()


def test_a_dead_worker_is_replaced(slowly: Shell, slow: Simulator, pictures: Path) -> None:
    """Another one says so, and goes on; who is told twice to stop ends at once."""
    hand_over(slowly, pictures)
    with slowly.start("watch", "cats") as watching:
        watching.until(f"waiting for a worker; start one with: {START}")
        with working(slowly) as first:
            first.until("cats started")
            watching.until("training is InProgress")
            with working(slowly) as second:
                first.kill_all()
                second.until("worker 1 is dead: what it did is given back")
                second.until("cats resumed")
                slow.clock.push(3 * 3600)
                watching.until("cats is done")
                slow.fail("projects.create", hang=True)
                hand_over(slowly, pictures, "--name", "more")
                second.until("more started")
                second.send(signal.SIGINT)
                assert second.process.stderr is not None
                assert "Once more to stop at once" in second.process.stderr.readline()
                began = time.monotonic()
                second.send(signal.SIGINT)
                end = second.end()
    assert (end.code, time.monotonic() - began < LONGEST) == (130, True), end
    assert "Traceback" not in end.out + end.err, end
    assert slow.counts["models.start_training"] == 1, slow.counts


@pytest.mark.parametrize("name", ["dbos", "psycopg"])
def test_without_the_extra(name: str, shared: Shell, pictures: Path) -> None:
    """A sentence says what to install."""
    with shared.start("worker", "--engine", "dbos", program=without(name)) as running:
        end = running.end()
    assert (end.code, "pip install 'bria-async[dbos]'" in end.err, "Traceback" in end.err) == (2, True, False), end


def test_engine_and_database_go_together(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """Each error is a sentence that tells what to type, and nothing is sent or handed over."""
    here = "postgresql://127.0.0.1:1/runs"
    secret = f"postgresql://u:{CANARY}@127.0.0.1:1/runs"
    named = shell.but(BRIA_DATABASE=secret)
    train = ("train", pictures, *ICONS, *QUICK)
    said = {
        "add --engine dbos": shell.run(*train, "--database", here),
        "BRIA_DATABASE is set: say --engine dbos": named.run(*train),
        "--engine dbos needs a database": shell.run(*train, "--engine", "dbos"),
        "--on-failure stop needs --engine local": named.run(*train, "--engine", "dbos", "--on-failure", "stop"),
        "A worker needs a database": shell.run("worker", "--engine", "dbos"),
        "need no repair": named.run("repair", "cats"),
        "is named like postgresql://": shell.run("runs", "--database", f"mysql://u:{CANARY}@h/runs"),
    }
    assert {words: (result.code, words in result.err) for words, result in said.items()} == dict.fromkeys(
        said, (2, True)
    )
    typed = shell.run("runs", "--database", secret)
    assert "warning: others can read what is typed; put the address into BRIA_DATABASE" in typed.err, typed
    unreachable = [
        typed,
        *(
            named.run(*command)
            for command in (("show", "cats"), ("watch", "cats"), ("stop", "cats"), ("resume", "cats"))
        ),
        named.run(*train, "--engine", "dbos"),
    ]
    assert {result.code for result in unreachable} == {4}, unreachable
    assert all("postgresql://u:...@127.0.0.1:1/runs cannot be used" in result.err for result in unreachable), (
        unreachable
    )
    assert not [result for result in (*said.values(), *unreachable) if CANARY in result.out + result.err]
    assert not fast.counts, fast.counts
    assert named.run(*train, "--engine", "local").code == 0, "who says so trains here"


def test_printed_commands_name_the_database(shell: Shell, database: Database, pictures: Path) -> None:
    """Where it was typed, and has no secret."""
    address = database.url.replace(":@", "@")
    handed = shell.run("train", pictures, *HAND_OVER, "--database", address)
    assert handed.code == 0, handed
    assert f"bria-async watch --database '{address}' cats" in handed.out, handed.out
    assert f"bria-async worker --database '{address}' --engine dbos" in handed.out, handed.out
