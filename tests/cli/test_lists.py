"""Lists of addresses on the command line: trained here, or by workers that see none of the files."""

from pathlib import Path

import pytest
from aiohttp import web

from bria_async.cli.plans import plan_of
from bria_async.engines.postgres.database import Database
from bria_async.sim import Simulator
from tests.cli.shell import ICONS, QUICK, Shell
from tests.support import Recorder

pytestmark = pytest.mark.exhaustive

SECRET = "signature-0d5e1b"


@pytest.fixture
def listed(server: Recorder, pictures: Path) -> Path:
    """A list of addresses of six different images, each with a secret in it."""
    server.answer = lambda seen: web.Response(body=(pictures / seen.path.rpartition("/")[2]).read_bytes())
    file = pictures.with_name("Kittens.txt")
    names = sorted(path.name for path in pictures.iterdir())
    file.write_text("".join(f"{server.base_url}/{name}?key={SECRET}\n" for name in names))
    return file


def test_a_list_is_named_like_a_folder(shell: Shell, fast: Simulator, listed: Path) -> None:
    """The run is called after it, its images are fetched once, and no output shows the secrets in their addresses."""
    done = shell.train(listed, *ICONS)
    assert (done.code, "Kittens" in done.out or "kittens" in done.out) == (0, True), done
    shown = [shell.run(*words) for words in (("show", "kittens"), ("show", "kittens", "--json"), ("verify", "kittens"))]
    listed.write_text(listed.read_text().replace("gold", "silver"))
    changed = shell.train(listed, *ICONS, "--refine", "bluer")
    assert changed.code == 2, changed
    assert not [result for result in (done, *shown, changed) if SECRET in result.out + result.err]
    assert len(fast.world.images) == 6


def test_a_list_in_a_file_of_plans(listed: Path) -> None:
    """It is relative to the file, as a folder is."""
    file = listed.with_name("plan.toml")
    file.write_text('images = "Kittens.txt"')
    plan = plan_of(None, file, {})
    assert (plan.images, plan.name) == (listed, "Kittens")


def test_a_worker_elsewhere_fetches_the_images(
    shell: Shell, fast: Simulator, server: Recorder, listed: Path, database: Database
) -> None:
    """Who hands over and who works share no folder: each asks an address once, and the run is trained."""
    here = shell.but(BRIA_DATABASE=database.url)
    there = here.but(BRIA_STATE=str(shell.folder / "elsewhere"))
    handed = here.run("train", listed, *ICONS, "--engine", "dbos")
    assert handed.code == 0, handed
    assert len(server.requests) == 6
    for path in (shell.folder / "runs").rglob("*.png"):
        path.unlink()  # they are of another machine
    with there.start("worker", "--engine", "dbos", *QUICK) as running:
        running.until("works for")
        watched = there.run("watch", "kittens", "--json")
        assert (watched.code, watched.events[-1]["state"]) == (0, "done"), watched
        running.process.terminate()
        end = running.end()
    assert len(list((shell.folder / "elsewhere" / "kittens" / "images").iterdir())) == 6
    assert len(server.requests) == 12, [seen.path for seen in server.requests]
    assert len(fast.world.images) == 6 and not fast.audit().twice(), fast.audit()
    assert not [result for result in (handed, watched, end) if SECRET in result.out + result.err]
