# pyright: reportUnnecessaryTypeIgnoreComment=true
"""Checked by mypy and pyright, never run: what calls of the session return, and which are refused."""

from pathlib import Path
from typing import Any, assert_type

from bria_async.api.guidance import Guidance
from bria_async.errors import NotFound, RequestError
from bria_async.session import Session
from bria_async.types.ads import Ad
from bria_async.types.datasets import Dataset, DatasetDownload, DatasetStatus
from bria_async.types.images import BulkUpload, DatasetImage
from bria_async.types.jobs import (
    Blocked,
    GeneratedImage,
    GeneratedImages,
    JobResult,
    JobStatus,
    ResultImage,
    Submission,
)
from bria_async.types.models import Checkpoint, Checkpoints, Model, ModelDownload, ModelStatus
from bria_async.types.projects import Project
from bria_async.types.tailored import CaptionPrefix, StructuredPrompt, VisualSchema
from bria_async.types.video import VideoUpload
from bria_async.types.visuals import Masks, Visual, VisualInfo
from bria_async.wire import Polling


async def answers(bria: Session) -> None:
    """Every operation has its own type of answer."""
    assert_type(await bria.projects.list(), tuple[Project, ...])
    assert_type(await bria.projects.create(project_name="x"), Project)
    assert_type(await bria.projects.get(1), Project)
    assert_type(await bria.projects.update("1", ip_name="Lora"), Project)
    assert_type(await bria.projects.list_datasets(1, include_models=True), tuple[Dataset, ...])
    assert_type(await bria.projects.list_models(1), tuple[Model, ...])
    assert_type(await bria.datasets.list(), tuple[Dataset, ...])
    assert_type(await bria.datasets.create(project_id=1, name="x", training_version="fibo-9"), Dataset)
    assert_type(await bria.datasets.get(1, max_images=5), Dataset)
    assert_type(await bria.datasets.update(1, status="completed"), Dataset)
    assert_type(await bria.datasets.clone(1), Dataset)
    assert_type(await bria.datasets.download(1), DatasetDownload)
    assert_type(await bria.images.list(1), tuple[DatasetImage, ...])
    assert_type(await bria.images.upload(1, file="QQ=="), DatasetImage)
    assert_type(await bria.images.upload_file(1, "a.png", checked=(1, 2)), DatasetImage)
    assert_type(await bria.images.regenerate_captions(1), Dataset)
    assert_type(await bria.images.bulk_upload_status(1), BulkUpload)
    assert_type(await bria.images.get(1, 2), DatasetImage)
    assert_type(await bria.images.update(1, 2, caption="x"), DatasetImage)
    assert_type(await bria.models.list(), tuple[Model, ...])
    assert_type(await bria.models.create(name="x", dataset_id=1, training_mode="expert"), Model)
    assert_type(await bria.models.upload(name="x"), Model)
    assert_type(await bria.models.list_checkpoints(1), Checkpoints)
    assert_type(await bria.models.get_checkpoint(1, 500), Checkpoint)
    assert_type(await bria.models.download(1), ModelDownload)
    assert_type(await bria.models.start_training(1, learning_rate=1e-4, rank=8), Model)
    assert_type(await bria.tailored.generate_prefix(images=["QQ=="]), CaptionPrefix)
    assert_type(await bria.tailored.generate_visual_schema(images=("QQ==",) * 5), VisualSchema)
    refined = await bria.tailored.refine_structured_prompt(dataset_id=1, structured_prompt="{}", instruction="x")
    assert_type(refined, StructuredPrompt)
    assert_type(await bria.tailored.text_to_image("legacy-id", prompt="x", sync=True), GeneratedImages)
    assert_type(await bria.tailored.text_to_vector(1), GeneratedImages)
    assert_type(await bria.tailored.reimagine(1), GeneratedImages)
    assert_type(await bria.tailored.restyle_portrait(tailored_model_id=1), GeneratedImages)
    assert_type(await bria.tailored.generate(tailored_model_id=1, prompt="x"), Submission)
    assert_type(await bria.tailored.generate_structured_prompt(tailored_model_id="1"), Submission)
    assert_type(await bria.tailored.image_to_video(tailored_model_id=1, image="QQ=="), Submission)
    assert_type(await bria.jobs.status("r1"), JobStatus)


async def more_answers(bria: Session) -> None:
    """The families that came later, and what they make of files."""
    assert_type(await bria.editing.remove_background(image="QQ=="), Submission)
    assert_type(await bria.generation.generate(prompt="x"), Submission)
    assert_type(await bria.generation.text_to_image_base("2.3", prompt="x"), GeneratedImages)
    assert_type(await bria.products.consistent_shots(anything={"goes": [1, None, b"x", Path("a.png")]}), dict[str, Any])
    assert_type(await bria.visuals.register(image_url="https://a"), Visual)
    assert_type(await bria.visuals.info("v1", wait=True), VisualInfo)
    assert_type(await bria.visuals.masks("v1"), Masks)
    assert_type(await bria.visuals.remove_background("v1"), ResultImage)
    assert_type(await bria.video.upload(), VideoUpload)
    assert_type(await bria.video.upload_file("a.mp4"), str)
    assert_type(await bria.fetch("https://a"), bytes)


async def images(bria: Session) -> None:
    """An image is a path, bytes or a text, alone and in arrays, in JSON and in forms."""
    for image in (Path("a.png"), b"x", "QQ=="):
        await bria.editing.remove_background(image=image)
        await bria.editing.edit(images=[image, "https://a", b"x", Path("a.png")])
        await bria.images.upload(1, file=image)
        await bria.visuals.remove_background_isolated(file=image)
        await bria.tailored.text_to_image(1, guidance=Guidance("canny", image, scale=0.5))
    two = (Guidance("depth", b"x"), Guidance("controlnet_canny", Path("a.png")))
    assert_type(await bria.tailored.text_to_image(1, guidance=two), GeneratedImages)


async def refused_images(bria: Session) -> None:
    """What is none of these is found before it runs."""
    await bria.editing.remove_background(image=5)  # type: ignore[arg-type]  # no image
    await bria.editing.remove_background(image=None)  # type: ignore[arg-type]  # required
    await bria.editing.edit(images=[5])  # type: ignore[list-item]  # no image
    await bria.editing.edit(images=Path("a.png"))  # type: ignore[arg-type]  # an array
    await bria.visuals.remove_background_isolated(file=5)  # type: ignore[arg-type]  # no image
    await bria.video.erase(video=Path("a.mp4"), mask="https://a")  # type: ignore[arg-type]  # an address alone
    await bria.tailored.text_to_image(1, guidance="canny")  # type: ignore[arg-type]  # a value
    Guidance("edges", b"x")  # type: ignore[arg-type]  # no method
    Guidance("canny", 5)  # type: ignore[arg-type]  # no image


async def waited(bria: Session) -> None:
    """Waiting changes when an answer comes, and not its type."""
    assert_type(await bria.editing.remove_background(image=b"x", wait=True), Submission)
    assert_type(await bria.editing.remove_background(image=b"x", wait=Polling(timeout=5)), Submission)
    assert_type(await bria.tailored.text_to_image(1, wait=True), GeneratedImages)
    await bria.editing.remove_background(image=b"x", wait=60)  # type: ignore[arg-type]  # a `Polling`
    await bria.projects.list(wait=True)  # type: ignore[call-arg]  # nothing to wait for


async def addresses(bria: Session, submission: Submission, result: JobResult, images: GeneratedImages) -> None:
    """What was made is a text, an image or a mask, and never perhaps."""
    assert_type(submission.address, str)
    assert_type(result.address, str)
    assert_type(images.images, tuple[GeneratedImage, ...])
    assert_type([image.seed for image in images.images], list[int | None])
    assert_type((await bria.ads.generate(template_id="1")).images, tuple[Ad, ...])
    await bria.download(submission.address, "a.png")
    parts = await bria.vehicles.segment(file=b"x")
    await bria.vehicles.refine_tires(file=b"x", masks={"tires": parts.found["tires"]})
    await bria.vehicles.refine_tires(file=b"x", masks={"tires": parts.tires})  # type: ignore[arg-type]  # perhaps none
    assert_type(await bria.probe(submission.address), bool | None)


async def waits(bria: Session, submission: Submission, images: GeneratedImages) -> None:
    """What is waited for decides what comes back."""
    assert_type(await bria.jobs.wait(submission), JobResult)
    assert_type(await bria.jobs.wait("r1"), JobResult)
    assert_type(await bria.jobs.wait(images), GeneratedImages)
    for image in images.result:
        if isinstance(image, Blocked):
            assert_type(image.description, str | None)
        else:
            assert_type(image, GeneratedImage)


def values(model: Model, dataset: Dataset, error: NotFound) -> None:
    """Everything beyond an id may be missing."""
    assert_type(model.id, int | str)
    assert_type(model.status, ModelStatus | None)
    assert_type(dataset.status, DatasetStatus | None)
    assert_type(dataset.images, tuple[DatasetImage, ...] | None)
    assert_type(error.status, int)
    root: RequestError = error
    assert_type(root.operation, str)


async def refused(bria: Session, model: Model) -> None:
    """Mistakes that a type checker finds before the server does."""
    await bria.projects.create("x")  # type: ignore[call-arg]  # keyword-only
    await bria.projects.create(name="x")  # type: ignore[call-arg]  # no such parameter
    await bria.projects.create(ip_medium="oil")  # type: ignore[arg-type]  # not in the enum
    await bria.projects.get()  # type: ignore[call-arg]  # an id is needed
    await bria.datasets.get(1.5)  # type: ignore[arg-type]  # no id
    await bria.datasets.update(1, status="COMPLETED")  # type: ignore[arg-type]  # lower case
    await bria.tailored.generate(prompt="x")  # type: ignore[call-arg]  # needs a model
    await bria.tailored.text_to_image(1, sync=None)  # type: ignore[arg-type]  # always sent
    await bria.jobs.wait(model)  # type: ignore[call-overload]  # nothing to wait for
    model.name = "x"  # type: ignore[misc]  # frozen
