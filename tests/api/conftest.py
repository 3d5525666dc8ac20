"""Things on the simulator that several tests of the session start from."""

import base64

import pytest

from bria_async.session import Session
from bria_async.sim import Simulator
from bria_async.types.datasets import Dataset
from bria_async.types.models import Model
from tests.support import picture

COLOURS = ("teal", "orange", "purple", "olive", "navy")


@pytest.fixture
def pictures() -> list[str]:
    """Five different images as base64."""
    return [base64.b64encode(picture(colour=colour)).decode() for colour in COLOURS]


@pytest.fixture
async def draft(bria: Session) -> Dataset:
    """An empty FIBO dataset of a project."""
    project = await bria.projects.create(
        project_name="Vases", ip_type="stylized_scene", ip_medium="photography", training_version="fibo"
    )
    return await bria.datasets.create(project_id=project.id, name="vases", training_version="fibo")


@pytest.fixture
async def fibo(bria: Session, sim: Simulator, draft: Dataset, pictures: list[str]) -> Model:
    """A trained FIBO model."""
    schema = await bria.tailored.generate_visual_schema(images=pictures)
    await bria.datasets.update(draft.id, visual_schema=schema.visual_schema)
    for number, image in enumerate(pictures):
        await bria.images.upload(draft.id, file=image, image_name=f"{number}.png")
    return await trained(bria, sim, draft)


@pytest.fixture
async def legacy(bria: Session, sim: Simulator, pictures: list[str]) -> Model:
    """A trained legacy model on a dataset of the organisation, as in 2024."""
    dataset = await bria.datasets.create(
        name="vases", use_case="illustrative_style", style_description="flat", training_version="light"
    )
    await bria.images.upload(dataset.id, file=pictures[0], image_name="0.png")
    return await trained(bria, sim, dataset)


async def trained(bria: Session, sim: Simulator, dataset: Dataset) -> Model:
    """Complete a dataset and train a model on it."""
    sim.clock.push(600)
    await bria.datasets.update(dataset.id, status="completed")
    model = await bria.models.create(name="vases", dataset_id=dataset.id)
    await bria.models.start_training(model.id)
    sim.clock.push(24 * 3600)
    return await bria.models.get(model.id)
