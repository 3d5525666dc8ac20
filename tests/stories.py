"""What each page of the documentation finds when it is played, what its application is asked, and what comes of it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest

from bria_async import Plan, Session, Trained, train
from bria_async.engines.postgres.database import Database
from bria_async.sim import Simulator
from tests.cli.shell import QUICK
from tests.pages import Terminal


@attrs.frozen
class Stage:
    """What a page is played on, and what its functions returned."""

    sim: Simulator
    terminal: Terminal
    database: Callable[[], Database]
    """Makes an empty one."""
    returned: dict[str, Any] = attrs.field(factory=dict)

    @property
    def folder(self) -> Path:
        """Where the reader is."""
        return self.terminal.folder

    def session(self) -> Session:
        """A session on the simulator."""
        return Session("simulated", self.sim.base_url)

    def plan(self, images: str) -> Plan:
        """A plan whose training generates with both generations of the API."""
        return Plan(
            images=self.folder / images,
            name=f"A plan of {images}",
            ip_type="stylized_scene",
            ip_medium="illustration",
            family="legacy",
            training_version="light",
        )


GIVEN: Mapping[str, Callable[[Stage, Session], Any]] = {
    "bria": lambda _, bria: bria,
    "first": lambda stage, _: stage.plan("rooms"),
    "second": lambda stage, _: stage.plan("gardens"),
    "database": lambda stage, _: stage.database(),
    "dataset_id": lambda _, bria: a_dataset(bria),
    "folder": lambda stage, _: stage.folder / "pictures",
    "plans": lambda stage, _: [stage.plan("pictures"), stage.plan("cats")],
}
"""Parameter of a function -> what it gets."""


async def a_legacy_model(stage: Stage) -> dict[str, str]:
    """A model of the reader's own in place of 1234."""
    async with stage.session() as bria:
        return {"1234": str((await train(bria, stage.plan("cats"))).model_id)}


async def a_fast_simulator(stage: Stage) -> dict[str, str]:
    """That of the page as fast as ours, and a model of the reader's own."""
    return {"--speed 1200": "--speed 20000", **await a_legacy_model(stage)}


async def what_calls_name(stage: Stage) -> dict[str, str]:
    """A dataset and a model in place of 7, and a job in place of one that somebody waits for."""
    model = (await a_legacy_model(stage))["1234"]
    async with stage.session() as bria:
        dataset = await a_dataset(bria)
        job = await bria.editing.remove_background(image=Path(stage.folder, "cat.png"))
    job_id = "7d1c9a52-06c1-4b6e-9df6-3b2b5a1d8f10"
    return {"dataset_id=7": f"dataset_id={dataset}", "model_id=7": f"model_id={model}", job_id: str(job.request_id)}


async def a_lost_model(stage: Stage) -> dict[str, str]:
    """A dataset in place of 1, and a model of it whose answer will be lost, after it was made."""
    async with stage.session() as bria:
        dataset = await a_dataset(bria)
    stage.sim.fail("models.create", when="after", drop=True)
    return {"dataset_id=1": f"dataset_id={dataset}"}


async def a_run(stage: Stage) -> dict[str, str]:
    """A training that is over, in place of lora."""
    async with stage.session() as bria:
        return {"lora ": f"{(await train(bria, stage.plan('cats'))).run} "}


async def a_damaged_journal(stage: Stage) -> dict[str, str]:
    """That of a training that is over, in place of RUN."""
    async with stage.session() as bria:
        trained = await train(bria, stage.plan("cats"))
    journal = trained.folder / "journal.db"
    content = bytearray(journal.read_bytes())
    content[content.index(b"finished")] ^= 1
    journal.write_bytes(content)
    return {"RUN": trained.run}


async def lost_pictures(stage: Stage) -> dict[str, str]:
    """A shot of a product, and a sample, that are paid for and whose answers will be lost."""
    stage.sim.fail("products.lifestyle_shot_by_text", when="after", drop=True)
    stage.sim.fail("tailored.generate", when="after", drop=True)
    return {}


async def a_database(stage: Stage) -> dict[str, str]:
    """A database, a token, images and patience in place of those of the page."""
    return {
        "postgresql://bria@db.example/bria BRIA_API_TOKEN=...": f"'{stage.database().url}' BRIA_API_TOKEN=simulated",
        "/shared/studio": "studio",
        "--requests-per-minute 60": " ".join(("--requests-per-minute 6000", *QUICK)),
    }


async def a_slow_job(stage: Stage) -> dict[str, str]:
    """A status service that says twice that the job is still drawn, to a handler of little patience."""
    stage.sim.fail("jobs.status", status=200, body={"status": "IN_PROGRESS", "request_id": "slow"}, times=2)
    return {"timeout=20": "timeout=0.5"}


async def a_dataset(bria: Session) -> int | str:
    """An empty dataset."""
    project = await bria.projects.create(project_name="Mine", ip_type="other", ip_medium="photography")
    return (await bria.datasets.create(name="Mine", project_id=project.id)).id


BEFORE: Mapping[str, Callable[[Stage], Coroutine[Any, Any, dict[str, str]]]] = {
    "README.md": a_fast_simulator,
    "cli.md": what_calls_name,
    "errors.md": a_lost_model,
    "money.md": lost_pictures,
    "report.md": a_run,
    "runs.md": a_damaged_journal,
    "scaling.md": a_database,
    "web-handler.md": a_slow_job,
}
"""Page -> what has happened before it begins; returns what is typed instead of its words."""


# --- what comes of it -------------------------------------------------------------------------------------------


async def a_picture(stage: Stage, http: aiohttp.ClientSession, url: str) -> None:
    """The handler generates with the model that was trained above it."""
    trained: Trained = stage.returned["main"]
    async with http.get(f"{url}/picture/{trained.model_id}?prompt=a+map") as response:
        answer = await response.json()
    assert answer["url"].startswith(stage.sim.base_url), answer


async def a_patient_client(stage: Stage, http: aiohttp.ClientSession, url: str) -> None:
    """The handler gives up in time and hands out the id, with which the image is had later."""
    async with http.get(f"{url}/draw?prompt=a+map") as response:
        assert response.status == 202
        job = (await response.json())["job"]
    assert (await until_there(stage, http, f"{url}/drawn/{job}"))["url"].startswith(stage.sim.base_url)


async def until_there(stage: Stage, http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    """What is at this address, asked for until it is there; meanwhile the simulator looks for webhooks that are due."""
    async with asyncio.timeout(60):
        while True:
            async with http.get(url) as response:
                if response.status == 200:
                    answer: dict[str, Any] = await response.json()
                    return answer
            await (await http.get(f"{stage.sim.base_url}/_sim/state")).read()


async def a_webhook(stage: Stage, http: aiohttp.ClientSession, url: str) -> None:
    """The simulator tells the application what became of its job, and nobody else does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBLIC_URL", url)
        async with http.post(f"{url}/cut") as response:
            job = (await response.json())["job"]
    async with http.post(f"{url}/bria", json={"status": "COMPLETED", "request_id": job}) as response:
        assert response.status == 403
    assert (await until_there(stage, http, f"{url}/result/{job}"))["url"].startswith(stage.sim.base_url)


VISITED: Mapping[str, Callable[[Stage, aiohttp.ClientSession, str], Awaitable[None]]] = {
    "README.md": a_picture,
    "web-handler.md": a_patient_client,
    "webhooks.md": a_webhook,
}
"""Page -> what its application is asked."""


async def the_readme(stage: Stage) -> None:
    """A sample was drawn, and so was all that the page asks for."""
    assert [sample.path.suffix for sample in stage.returned["main"].samples] == [".png"]
    assert (stage.folder / "chair-cut.png").read_bytes().startswith(b"\x89PNG")
    urls = stage.returned["pictures"]
    assert len(urls) == 2 + 4
    async with stage.session() as bria:
        assert all([await bria.probe(url) for url in urls]), "some were not ready"


async def handed_over(stage: Stage) -> None:
    """The workers have trained a model of each folder; what was handed over in Python is with them."""
    assert stage.sim.counts["models.start_training"] >= 2, stage.sim.counts
    assert stage.returned["hand_over"] == ["portraits/a-plan-of-pictures", "portraits/a-plan-of-cats"]


AFTER: Mapping[str, Callable[[Stage], Coroutine[Any, Any, None]]] = {"README.md": the_readme, "scaling.md": handed_over}
"""Page -> what must have come of it, beyond that nothing failed."""
