"""The training of a tailored model, one function per step, top to bottom in the order of the documentation.

A parameter named after a step is an edge; `session`, `plan`, `settings` and `run` are inputs; `image` and `prompt` are
what the run fans out over. `SHAPES` at the end lists the three lifecycles that five generations of documentation
describe (SEED 000 to SEED 004). Order, where pages differ: schema or prefix before uploads, the dataset completed
before the model is created, but for 2024, which creates the model first.
"""

import hashlib
from collections.abc import Mapping

import attrs

from bria_async.engines.run import Run
from bria_async.errors import BadRequest, Conflict, ImageError, RunPaused
from bria_async.graph.graph import Graph, Task, each, task
from bria_async.images.archive import build_zip
from bria_async.images.captions import read_caption
from bria_async.images.encode import base64_of
from bria_async.images.encode import sample as representative
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.types.datasets import Dataset, DatasetStatus
from bria_async.types.jobs import Blocked, GeneratedImage, GeneratedImages, Submission
from bria_async.types.models import Model, ModelStatus
from bria_async.types.projects import Project

from .fetching import all_at_hand, at_hand
from .plan import PREFIX_IMAGES, SCHEMA_IMAGES, Plan, Settings
from .policy import left_out
from .reconcile import (
    Stored,
    audit,
    find_bulk,
    find_dataset,
    find_lone_dataset,
    find_model,
    find_project,
    find_training,
    find_uploaded,
)
from .samples import Prompt, Sample, keep_sample
from .telling import tell_decoded
from .waiting import has_caption, until_captioned, until_listed, until_trained, until_unpacked

Uploaded = Mapping[str, Stored]
"""What the dataset holds: content key -> image on the server."""


# --- project and dataset ---------------------------------------------------------------------------------------------


@task(effect="findable", adopt=find_project)
async def project(session: Session, plan: Plan, run: Run) -> Project:
    """Create the project; its name and description carry the run's tag."""
    return await session.projects.create(
        project_name=f"{plan.name} [{run.tag}]",
        project_description=f"{plan.project_description or ''} [{run.tag}]".strip(),
        ip_type=plan.ip_type,
        ip_medium=plan.ip_medium,
        ip_name=plan.ip_name,
        ip_description=plan.ip_description,
        training_version=plan.training_version,
    )


@task(effect="findable", adopt=find_dataset)
async def dataset(session: Session, plan: Plan, run: Run, project: Project) -> Dataset:
    """Create the dataset in the project; its name carries the run's tag."""
    return await session.datasets.create(
        project_id=project.id,
        name=f"{plan.name} [{run.tag}]",
        upload_type="advanced" if plan.by_zip(len(run.items["image"])) else None,
        training_version=plan.training_version,
    )


@task(name="dataset", effect="findable", adopt=find_lone_dataset)
async def dataset_2024(session: Session, plan: Plan, run: Run) -> Dataset:
    """Create a dataset of the organisation, without a project (SEED 003, SEED 004)."""
    return await session.datasets.create(
        name=f"{plan.name} [{run.tag}]",
        use_case=plan.use_case,
        style_description=plan.style_description,
        training_version=plan.training_version,
    )


# --- what its captions are made with ---------------------------------------------------------------------------------


@task(effect="cheap")
async def schema(session: Session, plan: Plan, run: Run, dataset: Dataset) -> str:
    """Generate a visual schema from some of the images (SEED 001)."""
    images = await _samples_of(session, plan, run, SCHEMA_IMAGES[1])
    answer = await session.tailored.generate_visual_schema(images=images, content_moderation=plan.content_moderation)
    return answer.visual_schema


@task(effect="cheap")
async def refinement(session: Session, plan: Plan, dataset: Dataset, schema: str) -> str:
    """Refine the schema by the plan's instruction, if there is one (SEED 001)."""
    if plan.refine is None:
        return schema
    answer = await session.tailored.refine_structured_prompt(
        dataset_id=dataset.id, structured_prompt=schema, instruction=plan.refine
    )
    return answer.structured_prompt


@task(name="identity")
async def schema_applied(session: Session, dataset: Dataset, refinement: str) -> Dataset:
    """Give the dataset its visual schema, before the first upload: captions are made with it."""
    return await session.datasets.update(dataset.id, visual_schema=refinement)


@task(effect="cheap")
async def prefix(session: Session, plan: Plan, run: Run, dataset: Dataset) -> str | None:
    """Generate a caption prefix, for the IP types that it is made for (SEED 000, SEED 002)."""
    if plan.prefix_type is None:
        return None
    answer = await session.tailored.generate_prefix(
        images=await _samples_of(session, plan, run, PREFIX_IMAGES[1]),
        ip_type=plan.prefix_type,
        ip_medium=plan.ip_medium,
        ip_name=plan.ip_name,
        content_moderation=plan.content_moderation,
    )
    return answer.prefix


@task(name="identity")
async def prefix_applied(session: Session, dataset: Dataset, prefix: str | None) -> Dataset:
    """Give the dataset its caption prefix; without one it keeps the server's default."""
    return dataset if prefix is None else await session.datasets.update(dataset.id, caption_prefix=prefix)


@task(name="identity")
async def nothing_applied(dataset: Dataset) -> Dataset:
    """A dataset of 2024 knows neither schema nor prefix."""
    return dataset


async def _samples_of(session: Session, plan: Plan, run: Run, most: int) -> list[str]:
    """A few images that stand for all; of those that cannot be used the upload tells."""
    found: list[str] = []
    for key in representative(tuple(run.items["image"]), most, 0):
        image = run.items["image"][key]
        try:
            found.append(await session.host.in_thread(base64_of, await at_hand(session, run, image)))
        except ImageError as error:
            if plan.on_bad_image == "stop":
                raise RunPaused(left_out(error), run.name) from None
    return found


# --- uploads, one by one or as one zip -------------------------------------------------------------------------------


@each("image", effect="findable", adopt=find_uploaded)
async def upload(session: Session, plan: Plan, run: Run, identity: Dataset, image: ImageFile) -> Stored:
    """Upload one image, streamed, under its content key."""
    here = await at_hand(session, run, image)
    stored = await session.images.upload_file(
        identity.id,
        here.path,
        name=image.key,
        increase_resolution=plan.increase_resolution,
        content_moderation=plan.content_moderation,
        checked=(here.size, here.mtime_ns),
    )
    return Stored(stored.id, stored.image_name, tell_decoded(run, image, here))


@task(effect="findable", adopt=find_bulk)
async def bulk(session: Session, plan: Plan, settings: Settings, run: Run, identity: Dataset) -> None:
    """Put the zip where the server fetches it, unless the user did, and hand it over: one attempt per dataset, ever."""
    if settings.zip_url is None:
        raise RunPaused(
            "The server fetches the zip by URL: give its zip_url, and zip_put_url to put it there.", run.name
        )
    if settings.zip_put_url is not None:
        images, target = await all_at_hand(session, run, run.items["image"].values()), run.folder / "images.zip"
        await session.host.in_thread(build_zip, images, target, plan.captions == "files")
        await session.put_file(settings.zip_put_url, target, content_type="application/zip")
    try:
        await session.images.bulk_upload(
            identity.id, zip_url=settings.zip_url, content_moderation=plan.content_moderation
        )
    except (BadRequest, Conflict):
        if not await find_bulk(session, identity):
            raise


@task(name="upload")
async def unpacked(
    session: Session, plan: Plan, settings: Settings, run: Run, identity: Dataset, bulk: None
) -> Uploaded:
    """Wait until the server has unpacked the zip, and see what became of each image."""
    result = await until_unpacked(session, settings, run, identity)
    for failed in result.failed_images:
        run.warned(f"{failed.filename}: {failed.error_message} ({failed.error_code})")
    if result.failed_images and plan.on_bad_image == "stop":
        raise RunPaused(
            f"{len(result.failed_images)} images of the zip were refused; go on without them by on_bad_image=skip.",
            run.name,
        )
    return await until_listed(session, settings, run, identity.id, {failed.filename for failed in result.failed_images})


# --- captions --------------------------------------------------------------------------------------------------------


@each("image")
async def caption(session: Session, identity: Dataset, upload: Stored, image: ImageFile) -> Stored:
    """Give an image the text of the file beside it."""
    if image.caption_path is None:
        raise ImageError("has no text file beside it", str(image.path))
    text = await session.host.in_thread(read_caption, image.caption_path)
    await session.images.update(identity.id, upload.id, caption=text)
    return Stored(upload.id, upload.name)


@task()
async def captions(
    session: Session, plan: Plan, settings: Settings, run: Run, identity: Dataset, upload: Uploaded
) -> Dataset:
    """Wait until every image has its caption, and, if the plan says so, until somebody approved them.

    Completing freezes captions, so nothing may be completed, let alone trained, while one is missing.
    """
    ready = await until_captioned(session, settings, run, identity.id, upload)
    if not plan.review:
        return ready
    subject = " ".join(sorted(str(image.id) for image in upload.values()))
    await run.approved(f"the captions of dataset {identity.id} are ready for review", _digest(subject))
    return await until_captioned(session, settings, run, identity.id, upload)  # some may be in the making just then


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


# --- completed, model, training --------------------------------------------------------------------------------------


@task()
async def complete(session: Session, run: Run, identity: Dataset, upload: Uploaded, captions: Dataset) -> Dataset:
    """Freeze the dataset, once it holds every image exactly once, and all edits that were asked for are over."""
    current = await session.datasets.get(identity.id, max_images=1)
    if current.status == DatasetStatus.COMPLETED:
        return current
    await audit(session, run, identity, upload, mend=True)
    await run.edited()
    try:
        return await session.datasets.update(identity.id, status="completed")
    except Conflict:  # a repeated request finds it completed: what the API answers then is unknown
        current = await session.datasets.get(identity.id, max_images=1)
        if current.status != DatasetStatus.COMPLETED:
            raise
        return current


@task(effect="findable", adopt=find_model)
async def model(session: Session, plan: Plan, run: Run, complete: Dataset) -> Model:
    """Create the model on the completed dataset; its name and description carry the run's tag."""
    return await _create_model(session, plan, run, complete)


@task(name="model", effect="findable", adopt=find_model)
async def model_on_draft(session: Session, plan: Plan, run: Run, identity: Dataset, upload: Uploaded) -> Model:
    """Create the model while its dataset is a draft (SEED 003)."""
    return await _create_model(session, plan, run, identity)


async def _create_model(session: Session, plan: Plan, run: Run, dataset: Dataset) -> Model:
    return await session.models.create(
        name=f"{plan.name} [{run.tag}]",
        dataset_id=dataset.id,
        description=f"[{run.tag}]",
        training_mode=None if plan.family == "2024" else plan.training_mode,
        training_version=plan.training_version,
    )


@task(effect="findable", adopt=find_training)
async def training(session: Session, plan: Plan, run: Run, model: Model, complete: Dataset, upload: Uploaded) -> Model:
    """Start the training, after a last look at what it is going to be paid for."""
    images = await audit(session, run, complete, upload, mend=False)
    if missing := sum(not has_caption(image) for image in images):
        raise RunPaused(f"{missing} images have no caption, so the training was not started.", run.name)
    expert = attrs.asdict(plan.expert) if plan.expert else {}
    try:
        return await session.models.start_training(model.id, **expert)
    except Conflict:
        current = await session.models.get(model.id)
        if current.status == ModelStatus.CREATED:
            raise
        return current


@task()
async def trained(session: Session, settings: Settings, run: Run, training: Model) -> Model:
    """Wait until the training is over; hours, in which this process may come and go."""
    return await until_trained(session, settings, run, training.id)


# --- samples ---------------------------------------------------------------------------------------------------------


@each("prompt", effect="billed")
async def submission(session: Session, plan: Plan, trained: Model, prompt: Prompt) -> Submission:
    """Ask for a sample by the trained model (FIBO); its request id is durable before anybody waits for it."""
    return await session.tailored.generate(
        tailored_model_id=str(trained.id),
        prompt=prompt.text,
        aspect_ratio=plan.sample_aspect_ratio,
        seed=plan.sample_seed,
        sync=False,
    )


@each("prompt")
async def sample(session: Session, settings: Settings, run: Run, submission: Submission, prompt: Prompt) -> Sample:
    """Wait for a sample and keep it on disk; it is paid for, so that the status service does not know it is believed
    after the settle delay only.
    """
    waiting = attrs.evolve(settings.waiting, grace=max(settings.waiting.grace, run.settle))
    result = await session.jobs.wait(submission, polling=waiting)
    return await keep_sample(session, run, prompt, result.image_url, result.seed)


@each("prompt", name="submission", effect="billed")
async def submission_v1(session: Session, plan: Plan, trained: Model, prompt: Prompt) -> GeneratedImages:
    """Ask for a sample by the trained model (legacy); its address is known at once and fills in later."""
    return await session.tailored.text_to_image(
        trained.id,
        prompt=prompt.text,
        num_results=1,
        aspect_ratio=plan.sample_aspect_ratio,
        seed=plan.sample_seed,
        sync=False,
    )


@each("prompt", name="sample")
async def sample_v1(
    session: Session, settings: Settings, run: Run, submission: GeneratedImages, prompt: Prompt
) -> Sample:
    """Wait for a sample and keep it on disk."""
    result = await session.jobs.wait(submission, polling=settings.waiting)
    first: GeneratedImage | Blocked | None = next(iter(result.result), None)
    if isinstance(first, GeneratedImage) and first.urls:
        return await keep_sample(session, run, prompt, first.urls[0], first.seed)
    return await keep_sample(session, run, prompt, None, None)


# --- the shapes ------------------------------------------------------------------------------------------------------

_END = (training, trained)
SHAPES: Mapping[str, tuple[Task, ...]] = {
    "fibo": (
        project,
        dataset,
        schema,
        refinement,
        schema_applied,
        complete,
        model,
        *_END,
        submission,
        sample,
    ),
    "legacy": (project, dataset, prefix, prefix_applied, complete, model, *_END, submission_v1, sample_v1),
    "2024": (
        dataset_2024,
        nothing_applied,
        model_on_draft,
        complete.after("model"),
        *_END,
        submission_v1,
        sample_v1,
    ),
}


def shape(plan: Plan, images: int) -> Graph:
    """The graph of a plan with so many images."""
    uploads: tuple[Task, ...] = (bulk, unpacked) if plan.by_zip(images) else (upload,)
    written = plan.captions == "files" and not plan.by_zip(images)
    waiting: tuple[Task, ...] = (caption, captions.after("caption")) if written else (captions,)
    return Graph(plan.family, (*SHAPES[plan.family], *uploads, *waiting))
