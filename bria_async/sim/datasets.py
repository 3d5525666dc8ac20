"""Datasets: images and what is said about all of them."""

import json
from typing import Annotated, Literal

import attrs

from bria_async.sim import captions, views
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.entities import Dataset, family_of
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import AnyCase, Only, Range

routes = Routes()

_PATH = "/v1/tailored-gen/datasets"
UseCase = Annotated[Literal["illustrative_style", "illustrative_single_object"] | None, Only("A")]


@attrs.frozen(kw_only=True)
class CreateDataset:
    """A new dataset: with `project_id` of a project, without it of the 2024 kind (NOTES C4)."""

    name: str
    project_id: Annotated[int | None, Only("BCDE")] = None
    upload_type: Annotated[Literal["basic", "advanced"], Only("CDE")] = "basic"
    training_version: Annotated[Literal["fibo", "max", "light", "3.2", "2.3"] | None, Only("D")] = None
    use_case: UseCase = None
    style_description: Annotated[str | None, Only("A")] = None


@attrs.frozen(kw_only=True)
class GetDataset:
    """How many images to show."""

    max_images: Annotated[int, Range(1, 200)] = 200


@attrs.frozen(kw_only=True)
class UpdateDataset:
    """The fields of a dataset that can change; `status` is read in any case (NOTES C1)."""

    name: str | None = None
    status: Annotated[Literal["draft", "completed"] | None, AnyCase()] = None
    visual_schema: Annotated[str | None, Only("DE")] = None
    caption_prefix: Annotated[str | None, Only("BCD")] = None
    use_case: UseCase = None
    style_description: Annotated[str | None, Only("A")] = None


@attrs.frozen(kw_only=True)
class CloneDataset:
    """The name of a copy."""

    name: str | None = None
    description: str | None = None


@routes.get(_PATH, "datasets.list", answers="200 401 403 429 500")
async def list_(call: Call) -> Answer:
    """All datasets."""
    seen = call.now - call.options.listing_lag
    shown = [dataset for dataset in call.world.datasets.values() if dataset.created_at <= seen]
    return Answer(200, [views.dataset(call, dataset) for dataset in shown])


@routes.post(_PATH, "datasets.create", answers="201 400 401 403 404 429 500")
async def create(call: Call, body: CreateDataset) -> Answer:
    """A new draft."""
    world, family = call.world, family_of(body.training_version)
    if body.project_id is None:
        return _create_2024(call, body)
    project = world.projects.get(body.project_id)
    if project is None:
        raise Refusal(404, "Project with the specified ID does not exist.")
    dataset = Dataset(
        id=world.new_id(),
        project_id=project.id,
        name=body.name,
        upload_type=body.upload_type,
        training_version=body.training_version or project.training_version,
        caption_prefix=captions.default_prefix(project),
        created_at=call.now,
    )
    dataset = world.decide(dataset, family)
    if project.training_version is None and body.training_version:
        locked = world.projects[project.id]
        world.projects[project.id] = attrs.evolve(locked, training_version=body.training_version)
    return Answer(201, views.dataset(call, dataset))


def _create_2024(call: Call, body: CreateDataset) -> Answer:
    if call.options.generation not in {"all", "A"} or body.use_case is None or body.style_description is None:
        raise Refusal(400, "A dataset needs project_id, or use_case and style_description")
    dataset = Dataset(
        id=call.world.new_id(),
        name=body.name,
        family="legacy",
        use_case=body.use_case,
        style_description=body.style_description,
        caption_prefix=captions.default_prefix(None, body.style_description),
        created_at=call.now,
    )
    call.world.datasets[dataset.id] = dataset
    return Answer(201, views.dataset_with_images(call, dataset, 0))


@routes.get(_PATH + "/{dataset_id}", "datasets.get", answers="200 400 401 403 404 429 500")
async def get(call: Call, query: GetDataset) -> Answer:
    """One dataset with its images."""
    return Answer(200, views.dataset_with_images(call, call.dataset(), query.max_images))


@routes.put(_PATH + "/{dataset_id}", "datasets.update", answers="200 400 401 403 404 409 429 500")
async def update(call: Call, body: UpdateDataset) -> Answer:
    """Change a draft, complete it, or rename a completed one.

    Unknown: completing twice; chosen, a 200 that changes nothing.
    """
    world, dataset = call.world, call.dataset()
    changes = attrs.asdict(body, filter=lambda _, value: value is not None)
    status = changes.pop("status", dataset.status)
    if dataset.status == "completed" and status == "completed" and changes.keys() - {"name"}:
        raise Refusal(409, "Only the name of a completed dataset can be changed")
    if dataset.status == "completed" and status == "draft":
        _reopen(call, dataset)
    if body.visual_schema is not None:
        _check_schema(body.visual_schema)
        dataset = world.decide(dataset, "fibo")
    if body.caption_prefix is not None:
        dataset = world.decide(dataset, "legacy")
    if dataset.status == "draft" and status == "completed":
        _complete(call, dataset)
    dataset = attrs.evolve(dataset, status=status, updated_at=call.now, **changes)
    world.datasets[dataset.id] = dataset
    return Answer(200, views.dataset(call, dataset))


def _check_schema(visual_schema: str) -> None:
    try:
        json.loads(visual_schema)
    except (ValueError, RecursionError):
        raise Refusal(400, "visual_schema is a JSON object encoded as a string") from None


def _reopen(call: Call, dataset: Dataset) -> None:
    if any(model.starts for model in call.world.models_of(dataset.id)):
        raise Refusal(409, "The dataset cannot return to draft: a model has been trained on it. Clone it instead.")


def _complete(call: Call, dataset: Dataset) -> None:
    """Check that a draft may be completed, and freeze the captions it has by now."""
    world, options = call.world, call.options
    bulk = world.bulks.get(dataset.id)
    if bulk and bulk.status(call.now) in {"pending", "processing"}:
        raise Refusal(409, "The bulk upload of the dataset is still in progress")
    needed = options.min_images_legacy if world.family(dataset) == "legacy" else options.min_images_fibo
    count = len(world.visible_images(dataset.id, call.now))
    if count < needed:
        raise Refusal(409, f"The dataset has {count} images and needs at least {needed} to be completed")
    uncaptioned = world.uncaptioned(dataset.id, call.now)
    if uncaptioned and options.complete_with_pending == "refuse":
        raise Refusal(409, f"{len(uncaptioned)} images of the dataset have no caption yet")
    for image_id in uncaptioned:
        frozen = attrs.evolve(world.images[image_id], caption=None, caption_source=None, caption_due=None)
        world.images[image_id] = frozen


@routes.delete(_PATH + "/{dataset_id}", "datasets.delete", answers="204 401 403 404 409 429 500")
async def delete(call: Call) -> Answer:
    """Delete a dataset; 409 while a model trains on it (NOTES C34)."""
    dataset = call.dataset()
    if any(model.training(call.now) for model in call.world.models_of(dataset.id)):
        raise Refusal(409, "Cannot delete a dataset that is used by a model that is in training.")
    call.world.delete_dataset(dataset.id)
    return Answer(204)


@routes.post(_PATH + "/{dataset_id}/clone", "datasets.clone", answers="201 401 403 404 429 500", generations="BCDE")
async def clone(call: Call, body: CloneDataset) -> Answer:
    """A draft with the same images, captions and identity."""
    world, original = call.world, call.dataset()
    copy = attrs.evolve(
        original,
        id=world.new_id(),
        name=body.name or f"{original.name} (copy)",
        status="draft",
        captions_due=None,
        created_at=call.now,
        updated_at=None,
    )
    world.datasets[copy.id] = copy
    for image in world.visible_images(original.id, call.now):
        image_id = world.new_id()
        world.images[image_id] = attrs.evolve(
            image, id=image_id, dataset_id=copy.id, created_at=call.now, updated_at=None
        )
    return Answer(201, views.dataset_with_images(call, copy, call.options.max_images))


@routes.get(
    "/v1/datasets/{dataset_id}/download", "datasets.download", answers="200 401 403 404 409 500", generations="E"
)
async def download(call: Call) -> Answer:
    """URLs of the images (zip) and the captions (JSON). Unknown when it is a 409: chosen, for a draft."""
    dataset = call.dataset()
    if dataset.status != "completed":
        raise Refusal(409, "The dataset is not completed")
    url = call.url(f"/_sim/datasets/{dataset.id}")
    return Answer(200, {"download_url": f"{url}/images.zip", "captions_url": f"{url}/captions.json"})
