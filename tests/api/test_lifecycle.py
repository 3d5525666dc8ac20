"""The operations of the session against the simulator, in the order in which a training uses them."""

import pytest

from bria_async.errors import BadRequest, Conflict, NotFound, PreconditionFailed, Unprocessable
from bria_async.session import Session
from bria_async.sim import Moderation, Options, Simulator, simulator
from bria_async.types.datasets import CaptionsUpdateStatus, Dataset, DatasetStatus
from bria_async.types.images import CaptionSource
from bria_async.types.models import Model, ModelStatus
from tests.support import TOKEN, PushedHost


async def test_projects(bria: Session) -> None:
    """A project is created, found, changed and deleted."""
    project = await bria.projects.create(
        project_name="Lora",
        ip_type="defined_character",
        ip_medium="illustration",
        ip_name="Lora",
        ip_description="a girl with purple hair",
    )
    assert (await bria.projects.get(project.id)).ip_name == "Lora"
    changed = await bria.projects.update(project.id, project_description="purple hair")
    assert changed.project_description == "purple hair"
    assert [found.id for found in await bria.projects.list()] == [project.id]
    await bria.projects.delete(project.id)
    with pytest.raises(NotFound, match=r"projects\.get: 404"):
        await bria.projects.get(project.id)


async def test_too_many_words_are_a_warning(bria: Session) -> None:
    """The documentation's own example breaks its word limit, so the session says it and sends it."""
    with pytest.warns(UserWarning, match=r"ip_description has 9 words, documented are up to 6") as caught:
        project = await bria.projects.create(
            project_name="Branded Character",
            ip_name="Adventure Series Characters",
            ip_description="A set of adventure game characters with unique personalities",
            ip_medium="illustration",
            ip_type="defined_character",
        )
    assert project.ip_name == "Adventure Series Characters"
    assert caught[0].filename == __file__, "the warning does not point at the caller"


async def test_datasets_of_a_project_and_of_the_organisation(bria: Session, draft: Dataset) -> None:
    """Both generations of datasets are listed, each with its own fields."""
    old = await bria.datasets.create(name="old", use_case="illustrative_style", style_description="flat")
    assert {found.id for found in await bria.datasets.list()} == {draft.id, old.id}
    assert (await bria.datasets.get(old.id)).use_case == "illustrative_style"
    assert draft.project_id is not None
    (found,) = await bria.projects.list_datasets(draft.project_id, include_models_ids=True)
    assert (found.id, found.model_ids) == (draft.id, ())
    await bria.datasets.delete(old.id)
    assert [found.id for found in await bria.datasets.list()] == [draft.id]


async def test_images_and_captions(bria: Session, sim: Simulator, draft: Dataset, pictures: list[str]) -> None:
    """Images get captions once there is a schema; captions are edited and made anew."""
    await bria.datasets.update(draft.id, visual_schema='{"style": "flat"}')
    image = await bria.images.upload(draft.id, file=pictures[0], image_name="vase.png")
    assert image.image_name == "vase.png"
    sim.clock.push(600)
    assert (await bria.images.get(draft.id, image.id)).caption_source is CaptionSource.AUTOMATIC
    edited = await bria.images.update(draft.id, image.id, caption='{"short_description": "a vase"}')
    assert edited.caption_source is CaptionSource.MANUAL
    again = await bria.images.regenerate_captions(draft.id)
    assert again.captions_update_status is CaptionsUpdateStatus.IN_PROGRESS
    sim.clock.push(600)
    dataset = await bria.datasets.get(draft.id, max_images=1)
    assert dataset.captions_update_status is CaptionsUpdateStatus.COMPLETED
    assert dataset.images_count == len(await bria.images.list(draft.id)) == 1
    with pytest.raises(BadRequest):
        await bria.images.update(draft.id, image.id, caption="x", regenerate_caption=True)
    await bria.images.delete(draft.id, image.id)
    assert await bria.images.list(draft.id) == ()


async def test_a_data_header_is_cut_off_before_sending(bria: Session, draft: Dataset, pictures: list[str]) -> None:
    """An image with a `data:` header is the same upload as one without."""
    await bria.images.upload(draft.id, file=f"data:image/png;base64,{pictures[0]}", image_name="a.png")
    (image,) = await bria.images.list(draft.id)
    assert image.image_name == "a.png"


async def test_training(bria: Session, fibo: Model) -> None:
    """A dataset of five images is completed, and a model trains on it to its end."""
    assert fibo.status is ModelStatus.COMPLETED
    assert fibo.dataset_id is not None
    dataset = await bria.datasets.get(fibo.dataset_id)
    assert dataset.status is DatasetStatus.COMPLETED
    assert [found.id for found in await bria.models.list(include_training_parameters=True)] == [fibo.id]
    with pytest.raises(Conflict, match="409"):
        await bria.models.start_training(fibo.id)
    copy = await bria.datasets.clone(dataset.id, name="again")
    assert (copy.status, copy.images_count) == (DatasetStatus.DRAFT, 5)
    renamed = await bria.models.update(fibo.id, name="vases 2")
    assert renamed.name == "vases 2"


async def test_training_needs_a_completed_dataset(bria: Session, draft: Dataset) -> None:
    """The server's refusal comes through as an error of its own."""
    model = await bria.models.create(name="early", dataset_id=draft.id)
    with pytest.raises(PreconditionFailed, match=r"models\.start_training: 412"):
        await bria.models.start_training(model.id)


async def test_a_training_is_stopped(bria: Session, sim: Simulator, draft: Dataset, fibo: Model) -> None:
    """Stopping answers nothing; the model's status tells, first that it stops and then that it has."""
    model = await bria.models.create(name="second", dataset_id=draft.id, training_mode="expert")
    started = await bria.models.start_training(model.id, total_training_steps=1000, rank=64)
    assert started.status is ModelStatus.IN_PROGRESS
    assert started.training_parameters is not None
    assert started.training_parameters.rank == 64
    await bria.models.stop_training(model.id)
    assert (await bria.models.get(model.id)).status is ModelStatus.STOPPING
    sim.clock.push(600)
    assert (await bria.models.get(model.id)).status is ModelStatus.STOPPED
    assert fibo.id != model.id


async def test_checkpoints_and_downloads(bria: Session, sim: Simulator, draft: Dataset, fibo: Model) -> None:
    """The checkpoints of an expert training are listed, read and deleted, and files have addresses."""
    model = await bria.models.create(name="expert", dataset_id=draft.id, training_mode="expert")
    await bria.models.start_training(model.id, total_training_steps=1000, checkpoint_interval=250)
    sim.clock.push(24 * 3600)
    checkpoints = await bria.models.list_checkpoints(model.id)
    steps = [checkpoint.checkpoint_step for checkpoint in checkpoints.checkpoints]
    assert (await bria.models.get_checkpoint(model.id, steps[0])).checkpoint_step == steps[0]
    await bria.models.delete_checkpoint(model.id, steps[0])
    assert len((await bria.models.list_checkpoints(model.id)).checkpoints) == len(steps) - 1
    assert (await bria.models.download(fibo.id)).download_url
    assert (await bria.datasets.download(draft.id)).download_url


async def test_a_prefix_for_a_legacy_dataset(bria: Session, pictures: list[str]) -> None:
    """A prefix of sample images is applied to a dataset."""
    found = await bria.tailored.generate_prefix(images=pictures, ip_type="stylized_scene", ip_medium="illustration")
    project = await bria.projects.create(
        project_name="old", ip_type="stylized_scene", ip_medium="illustration", training_version="max"
    )
    dataset = await bria.datasets.create(project_id=project.id, name="old")
    changed = await bria.datasets.update(dataset.id, caption_prefix=found.prefix)
    assert changed.caption_prefix == found.prefix


async def test_a_schema_is_refined(bria: Session, draft: Dataset, pictures: list[str]) -> None:
    """A schema is changed by an instruction, with tuples of images as good as lists."""
    schema = await bria.tailored.generate_visual_schema(images=tuple(pictures))
    refined = await bria.tailored.refine_structured_prompt(
        dataset_id=draft.id, structured_prompt=schema.visual_schema, instruction="Her name is Lucy"
    )
    assert "Lucy" in refined.structured_prompt
    assert isinstance(schema.data(), dict)


async def test_moderation_is_an_error_of_its_own() -> None:
    """A prompt that moderation stops is a 422."""
    options = Options(moderation=Moderation(inputs=("forbidden",)))
    async with simulator(options=options) as sim, Session(TOKEN, sim.base_url) as bria:
        with pytest.raises((Unprocessable, NotFound), match=r"tailored\.generate: 4"):
            await bria.tailored.generate(tailored_model_id="7", prompt="forbidden")


async def test_a_throttled_call_waits_its_turn() -> None:
    """A 429 is waited out by the server's own measure, even for a call that creates."""
    async with simulator(options=Options(rate_limits=1)) as sim:
        host = PushedHost(seed=1, push=sim.clock.push)
        async with Session(TOKEN, sim.base_url, host=host) as bria:
            for name in ("one", "two", "three"):
                await bria.projects.create(project_name=name, ip_type="stylized_scene", ip_medium="photography")
        assert sim.counts["projects.create"] == 3
        assert sum(host.slept) >= 60, f"slept only {host.slept}"
