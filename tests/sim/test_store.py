"""The world on disk: restarts, SIGKILL, and who may open it."""

import asyncio
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest

from bria_async.sim import Clock, create_app, serve
from bria_async.sim.options import Options
from bria_async.sim.store import Blobs, Rows
from tests.sim.helpers import TOKEN, V1, Api, loaded, picture, running, sha256

SERVE = """
import asyncio, sys
from pathlib import Path
from bria_async.sim import Clock, Options, serve
asyncio.run(serve("127.0.0.1", 0, options=Options(token=sys.argv[2]), clock=Clock(), state=Path(sys.argv[1]),
                  ready=lambda url: print(url, flush=True)))
"""


async def test_a_restart_changes_nothing_that_was_said(tmp_path: Path) -> None:
    """Everything is as it was, the clock goes on, counts go on, and ids are not used again."""
    async with running(state=tmp_path, job_time=50) as api:
        fibo, legacy = await api.trained("fibo"), await api.trained("max", training_mode="expert")
        body = {"tailored_model_id": fibo["id"], "prompt": "x"}
        job = await api.call("POST", "/v2/image/generate/tailored", 202, json=body)
        api.sim.clock.push(50)
        url = (await api.call("GET", job["status_url"]))["result"]["image_url"]
        drawn = await api.raw(url)
        paths = [
            f"{V1}/projects",
            f"{V1}/datasets",
            f"{V1}/models?include_training_parameters=true",
            f"{V1}/models/{legacy['id']}/checkpoints",
            f"{V1}/datasets/{legacy['dataset_id']}",
        ]
        before = [await api.call("GET", path) for path in paths]
        uploads, base, now = api.sim.counts["images.upload"], api.sim.base_url, api.sim.clock.now()
    async with running(state=tmp_path, job_time=50) as api:
        assert api.sim.clock.now() == now
        after = [await api.call("GET", path) for path in paths]
        here = [str(each).replace(api.sim.base_url, base) for each in after]
        assert here == [str(each) for each in before]
        assert await api.raw(url.replace(base, api.sim.base_url)) == drawn
        assert api.sim.counts["images.upload"] == uploads == 10
        project = await api.project()
        assert project["id"] > max(api.sim.world.images)


async def test_deleted_things_stay_deleted(tmp_path: Path) -> None:
    """A restart does not bring them back, nor their ids."""
    async with running(state=tmp_path) as api:
        dataset = await api.filled(count=2)
        await api.call("DELETE", f"{V1}/projects/{dataset['project_id']}", 204)
    async with running(state=tmp_path) as api:
        assert (dict(api.sim.world.datasets), dict(api.sim.world.images)) == ({}, {})
        assert (await api.project())["id"] > dataset["id"] + 2


async def test_a_killed_simulator_remembers_what_it_has_answered(tmp_path: Path) -> None:
    """After SIGKILL every answered upload is there with its bytes, and the token is nowhere on disk."""
    command = (sys.executable, "-c", SERVE, str(tmp_path), TOKEN)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    base_url = (await process.stdout.readline()).decode().strip()
    images = [picture(number) for number in range(8)]
    async with running() as local, aiohttp.ClientSession(headers={"api_token": TOKEN}) as http:
        local.sim.base_url = base_url
        api = Api(local.sim, http)
        dataset = await api.dataset()
        for number, data in enumerate(images):
            await api.upload(dataset["id"], data, name=f"{number}.png")
        await api.call("POST", "/_sim/clock", json={"push": 500})
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with running(state=tmp_path) as api:
        assert api.sim.audit().lost(sha256(data) for data in images) == frozenset()
        assert api.sim.audit().duplicates == {}
        shown = await api.get_dataset(dataset["id"])
        assert [each["caption_source"] for each in shown["images"]] == ["automatic"] * 8
        assert await api.raw(shown["images"][3]["image_url"]) == images[3]
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TOKEN.encode() not in stored


async def test_a_state_has_one_simulator(tmp_path: Path) -> None:
    """A second one is refused with the path, and the first goes on."""
    async with running(state=tmp_path) as api:
        await api.project()
        with pytest.raises(OSError, match=r"world\.sqlite is in use"):
            create_app(state=tmp_path)
        await api.project()


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    """A file that a newer simulator wrote is not touched."""
    database = sqlite3.connect(tmp_path / "world.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(OSError, match="another version"):
        create_app(state=tmp_path)


@pytest.mark.parametrize(
    ("kind", "row"), [("projects", {"id": 1, "colour": "red"}), ("dreams", {"id": 1}), ("meta", {"now": 0})]
)
def test_a_state_with_more_than_is_known_is_refused(tmp_path: Path, kind: str, row: dict[str, Any]) -> None:
    """Fields and kinds that a newer simulator added are named, and the file is let go."""
    rows = Rows(tmp_path / "world.sqlite")
    rows.write([(kind, 1, row)])
    rows.close()
    with pytest.raises(OSError, match=rf"world\.sqlite holds {kind} that this version"):
        create_app(state=tmp_path)
    Rows(tmp_path / "world.sqlite").close()


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A state that the first version with this format wrote (`states/make.py`)."""
    return Path(shutil.copytree(Path(__file__).parent / "states" / "format-1", tmp_path / "first"))


async def test_a_state_of_the_first_version_loads(first: Path) -> None:
    """All that it answered, it answers still: projects, pictures, models, jobs, files, counts and the time."""
    async with running(state=first) as api:
        assert api.sim.clock.now() == 1767232900
        assert api.sim.counts["images.upload"] == 10
        assert [project["id"] for project in await api.call("GET", f"{V1}/projects")] == [1001, 1010, 1012]
        models = {model["name"]: model for model in await api.call("GET", f"{V1}/models")}
        assert {name: model["status"] for name, model in models.items()} == {"m": "Completed", "legacy": "InProgress"}
        shown = await api.get_dataset(models["m"]["dataset_id"])
        assert (shown["images_count"], shown["status"]) == (5, "completed")
        urls = [image["image_url"] for image in shown["images"]]
        assert [await api.raw(url) for url in urls] == [picture(number) for number in range(5)]
        assert await api.raw("/_sim/files/notes.txt") == b"kept"
        jobs = {job.prompt: job.id for job in api.sim.world.jobs.values()}
        looked_at = await api.call("GET", f"/v2/status/{jobs['a fox']}")
        assert looked_at["result"]["seed"] == 5
        assert loaded(await api.raw(looked_at["result"]["image_url"])).size == (1024, 1024)
        assert (await api.call("GET", f"/v2/status/{jobs['a bear']}"))["status"] == "IN_PROGRESS"


async def test_a_state_of_the_first_version_goes_on(first: Path) -> None:
    """Its training ends, its result is drawn, its draft takes images, and no id comes twice; then it loads again."""
    async with running(state=first) as api:
        last = api.sim.world.new_id()
        api.sim.clock.push(api.sim.options.training_time)
        (legacy,) = [model for model in await api.call("GET", f"{V1}/models") if model["name"] == "legacy"]
        assert (legacy["status"], legacy["checkpoint_steps"]) == ("Completed", ["500", "1000"])
        (job,) = [job for job in api.sim.world.jobs.values() if job.prompt == "a bear"]
        done = await api.call("GET", f"/v2/status/{job.id}")
        assert loaded(await api.raw(done["result"]["image_url"])).size == (1024, 1024)
        (draft,) = [dataset for dataset in await api.call("GET", f"{V1}/datasets") if dataset["name"] == "draft"]
        assert (await api.upload(draft["id"]))["id"] > last
    async with running(state=first) as api:
        assert (await api.get_model(legacy["id"]))["status"] == "Completed"


async def test_serve_runs_until_cancelled(tmp_path: Path) -> None:
    """It tells its address when it answers, and lets go of everything when it is cancelled."""
    addresses: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(
        serve("127.0.0.1", 0, options=Options(), clock=Clock(), state=tmp_path, ready=addresses.put_nowait)
    )
    base_url = await addresses.get()
    headers = {"api_token": TOKEN}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(f"{base_url}{V1}/projects") as response:
        assert (response.status, await response.json()) == (200, [])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with running(state=tmp_path) as api:
        assert await api.call("GET", f"{V1}/projects") == []


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_bytes(b"not a database" * 99)])
def test_a_state_that_cannot_be_read_is_refused(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """A directory or foreign bytes where the world should lie are told with the path."""
    make(tmp_path / "world.sqlite")
    with pytest.raises(OSError, match=r"world\.sqlite"):
        create_app(state=tmp_path)


def test_bytes_on_their_way_are_kept_only_when_complete(tmp_path: Path) -> None:
    """What is not kept leaves no file, and left-overs of a killed process are removed."""
    blobs = Blobs(tmp_path)
    with blobs.spool() as spool:
        spool.write(b"half")
    kept = blobs.put(b"whole")
    (tmp_path / "incoming-left").write_bytes(b"killed")
    Blobs(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [kept.sha256]
    assert (kept.size, kept.path.read_bytes()) == (5, b"whole")


async def test_a_job_written_by_an_older_version_is_still_drawn(tmp_path: Path) -> None:
    """Fields that came later have defaults: the file of a job without them is what it was."""
    async with running(state=tmp_path) as api:
        model = await api.trained("light")
    older = {
        "id": "old",
        "operation": "tailored.text_to_image",
        "model_id": model["id"],
        "prompt": "a fox",
        "structured_prompt": None,
        "sources": [],
        "width": 64,
        "height": 32,
        "results": [{"name": "0-seed_1.png", "seed": 1, "blocked": False}],
        "outcome": "COMPLETED",
        "polled": False,
        "created_at": 0.0,
        "ready_at": 0.0,
    }
    rows = Rows(tmp_path / "world.sqlite")
    rows.write([("jobs", "old", older)])
    rows.close()
    async with running(state=tmp_path, url_lifetime=None) as api:
        image = loaded(await api.raw("/_sim/results/old/0-seed_1.png"))
        assert image.size == (64, 32)


async def test_a_result_written_by_an_older_version_still_says_its_seed_and_prompt(tmp_path: Path) -> None:
    """A job that was kept before results were told beside it says what it said then."""
    async with running(state=tmp_path) as api:
        model = await api.trained("fibo")
        body = {"tailored_model_id": model["id"], "prompt": "a fox", "seed": 5}
        job_id = (await api.call("POST", "/v2/image/generate/tailored", 202, json=body))["request_id"]
        api.sim.clock.push(60)
        before = await api.call("GET", f"/v2/status/{job_id}")
        job = api.sim.world.jobs[job_id]
        api.sim.world.jobs[job_id] = attrs.evolve(job, told={})
        after = await api.call("GET", f"/v2/status/{job_id}")
    assert (before["result"]["seed"], before["result"]["prompt"]) == (5, "a fox")
    assert after == before
