"""The orchestrator's rule where the API's documents contradict each other, a test per row of the contract's table."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from bria_async.errors import (
    PlanInvalid,
    RunPaused,
)
from bria_async.images.folder import Scan
from bria_async.session import Session
from bria_async.sim import Options
from bria_async.training import Plan, Settings, Trained, train
from bria_async.types.datasets import CaptionsUpdateStatus
from bria_async.wire import Polling
from tests.simulation.loop import run_virtually
from tests.simulation.world import world
from tests.support import (
    PushedHost,
    picture,
)
from tests.training.test_plan import image

WORKS: dict[str, Any] = {"name": "Rows", "ip_type": "stylized_scene", "ip_medium": "photography"}


@attrs.frozen
class Went:
    """A training as the server saw it."""

    result: Trained
    operations: list[str]
    names: list[str]
    images: list[Any]


def trained(folder: Path, options: Mapping[str, Any] | None = None, **fields: Any) -> Went:
    """A training on a virtual clock."""
    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True)
    for number in range(5):
        (pictures / f"{number}.png").write_bytes(picture(300 + number, 300, colour=(40 * number, 90, 90)))

    async def main() -> Went:
        async with world(1, options=Options(seed=1, **(options or {}))) as here:
            plan = Plan(images=pictures, **{**WORKS, **fields})
            result = await train(here.session, plan, settings=Settings(state=folder / "state"))
            held = list(here.sim.world.images.values())
            operations = [seen.operation for seen in here.sim.requests]
            return Went(result, operations, [item.image_name for item in held], held)

    found: Went = run_virtually(main)
    return found


@pytest.fixture(scope="module")
def fibo(tmp_path_factory: pytest.TempPathFactory) -> Went:
    """A training of the FIBO family, with a sample."""
    return trained(tmp_path_factory.mktemp("fibo"), samples=("a harbour",))


def test_c02_client_waits_for_an_end_only_so_long(tmp_path: Path) -> None:
    """A training that never ends pauses the run at its deadline."""
    with pytest.raises(RunPaused, match="still InProgress after 8 hours"):
        trained(tmp_path, {"training_outcome": "Stalled"})


def test_c03_client_says_beforehand_that_there_are_too_many_words() -> None:
    """A plan with them is no mistake, and said to be odd before anything is created."""
    found = Scan(images=tuple(image(number) for number in range(5)))
    warnings = Plan(images="/p", **WORKS, ip_description="a " * 10).check(found, zip_host=False)
    assert any("ip_description has 10 words" in warning.words for warning in warnings), warnings


def test_c05_client_trains_under_content_keys(fibo: Went) -> None:
    """The orchestrator uploads each image under its name and a digest of its bytes."""
    assert len(fibo.names) == 5
    assert all(re.fullmatch(r"\d--[0-9a-f]{12}\.png", name) for name in fibo.names), fibo.names


@pytest.mark.parametrize(("family", "minimum"), [("fibo", 5), ("legacy", 1)])
def test_c06_client_checks_the_minimum_before_a_training(family: str, minimum: int) -> None:
    """A plan with one image fewer than its family needs is refused before anything is created."""
    fields: dict[str, Any] = {**WORKS, "family": family}
    plan = Plan(images="/p", **fields)
    enough = tuple(image(number) for number in range(minimum))
    plan.check(Scan(images=enough), zip_host=False)
    with pytest.raises(PlanInvalid):
        plan.check(Scan(images=enough[1:]), zip_host=False)


def test_c16_client_takes_empty_for_nothing_pending(fibo: Went) -> None:
    """Nobody asked for new captions, so `empty` is all the server says, and the training went on."""
    assert "images.regenerate_captions" not in fibo.operations
    assert "models.start_training" in fibo.operations


@pytest.mark.parametrize("hours", [6, 7.9])
def test_c28_client_waits_for_a_training_as_long_as_any_page_says(tmp_path: Path, hours: float) -> None:
    """Eight hours unless told otherwise, on a clock that simulations own."""
    assert (Settings().training.timeout or 0) >= 8 * 3600
    assert Settings(training=Polling(timeout=60)).training.timeout == 60
    assert trained(tmp_path, {"training_time": hours * 3600}).result.images == 5


def test_c29_client_keeps_a_sample_before_it_can_expire(tmp_path: Path) -> None:
    """Results that live for minutes only are on disk when the run ends."""
    (sample,) = trained(tmp_path, {"url_lifetime": 300.0}, samples=("a harbour",)).result.samples
    assert sample.path is not None
    assert sample.path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("side", "increase", "works"), [(256, None, True), (255, None, False), (1023, False, False)])
def test_c30_client_checks_the_size_before_a_training(
    tmp_path: Path, side: int, increase: bool | None, works: bool
) -> None:
    """A plan needs 256 pixels, or 1024 where nothing may be enlarged, before anything is created."""
    folder = tmp_path / "sized"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.png").write_bytes(picture(side, side, colour=(9 * number, 0, 0)))

    async def main() -> int:
        async with world(1) as here:
            plan = Plan(images=folder, **WORKS, increase_resolution=increase)
            try:
                await train(here.session, plan, settings=Settings(state=tmp_path / "state"))
            except PlanInvalid:
                return len(here.sim.requests)
            return -1

    assert run_virtually(main) == (-1 if works else 0)


def test_c35_client_completes_the_dataset_before_it_makes_a_model(fibo: Went) -> None:
    """The order that satisfies every text."""
    last = len(fibo.operations) - 1 - fibo.operations[::-1].index("datasets.update")
    assert last < fibo.operations.index("models.create") < fibo.operations.index("models.start_training")


def test_c36_client_sets_the_schema_before_the_first_upload(fibo: Went) -> None:
    """Schema, then the dataset, then the images; so all of them are captioned with it."""
    schema = fibo.operations.index("tailored.generate_visual_schema")
    assert schema < fibo.operations.index("datasets.update") < fibo.operations.index("images.upload")
    assert all(item.caption for item in fibo.images)


async def test_c36_client_can_have_captions_made_anew_after_the_schema(bria: Session, host: PushedHost) -> None:
    """Images that came first are captioned when that is asked for, and `completed` says when."""
    project = await bria.projects.create(project_name="a", ip_type="stylized_scene", ip_medium="photography")
    dataset = await bria.datasets.create(project_id=project.id, name="a", training_version="fibo")
    await bria.images.upload(dataset.id, file=picture(256, 256))
    await bria.datasets.update(dataset.id, visual_schema='{"style": "flat"}')
    await bria.images.regenerate_captions(dataset.id)
    while (await bria.datasets.get(dataset.id)).captions_update_status != CaptionsUpdateStatus.COMPLETED:
        await host.sleep(5)
    assert [item.caption for item in await bria.images.list(dataset.id)] != [None]
