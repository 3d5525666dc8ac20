"""Datasets: three generations, and the way from draft to completed."""

import io
import json
import zipfile

import pytest

from tests.sim.helpers import V1, Api, flat, picture, running

SCHEMA = '{"style": "flat"}'


async def test_a_legacy_dataset_starts_with_a_prefix(api: Api) -> None:
    """A legacy dataset shows a default caption prefix and where captions come from, no schema."""
    made = await api.dataset("max")
    assert made["caption_prefix"] == "An illustration of stylized scene,"
    assert made.items() >= {"captions_source": None, "status": "draft", "images_count": 0}.items()
    assert "visual_schema" not in made


async def test_a_fibo_dataset_starts_without_a_schema(api: Api) -> None:
    """A FIBO dataset shows a null schema, no prefix."""
    made = await api.dataset("fibo")
    assert made["visual_schema"] is None
    assert made["captions_update_status"] == "empty"
    assert "caption_prefix" not in made


async def test_a_dataset_of_2024_belongs_to_no_project(api: Api) -> None:
    """Without a project it needs a use case and a description, and shows them."""
    made = await api.dataset_2024()
    assert made.items() >= {"use_case": "illustrative_style", "status": "draft", "images": []}.items()
    assert "project_id" not in made
    answer = await api.call("POST", f"{V1}/datasets", 400, json={"name": "d"})
    assert "project_id" in answer["error"]


async def test_an_unknown_project_is_a_404(api: Api) -> None:
    """A dataset needs a project that exists."""
    await api.call("POST", f"{V1}/datasets", 404, json={"name": "d", "project_id": 4})


async def test_the_images_shown_are_cut_and_counted_truthfully(api: Api) -> None:
    """`max_images` cuts the list, `images_count` does not lie, and the limits of the query hold."""
    dataset = await api.filled(count=3)
    shown = await api.get_dataset(dataset["id"], max_images=2)
    assert (len(shown["images"]), shown["images_count"]) == (2, 3)
    path = f"{V1}/datasets/{dataset['id']}"
    answer = await api.call("GET", path, 400, params={"max_images": "201"})
    assert answer["errors"][0]["msg"] == "Input should be less than or equal to 200"


async def test_datasets_are_listed(api: Api) -> None:
    """The list holds datasets of every kind, without their images."""
    made = [await api.dataset("fibo"), await api.dataset_2024()]
    listed = await api.call("GET", f"{V1}/datasets")
    assert [each["id"] for each in listed] == [each["id"] for each in made]
    assert all("images" not in each for each in listed)


@pytest.mark.parametrize("word", ["completed", "COMPLETED", "Completed"])
async def test_completed_is_read_in_any_case(api: Api, word: str) -> None:
    """Every era's word completes, and the answer is in lower case (NOTES C1)."""
    dataset = await api.filled(count=1)
    assert (await api.update(dataset["id"], status=word))["status"] == "completed"


async def test_fibo_needs_five_images_and_legacy_one(api: Api) -> None:
    """Fewer images than the family needs is a 409."""
    fibo, legacy = await api.filled("fibo", count=4), await api.filled("light", count=0)
    assert "at least 5" in (await api.update(fibo["id"], 409, status="completed"))["error"]
    assert "at least 1" in (await api.update(legacy["id"], 409, status="completed"))["error"]
    await api.upload(fibo["id"], picture(9))
    await api.upload(legacy["id"])
    await api.update(fibo["id"], status="completed")
    await api.update(legacy["id"], status="completed")


async def test_a_completed_dataset_changes_only_its_name(api: Api) -> None:
    """Prefix and images are frozen with 409, the name is not, and completing twice changes nothing."""
    dataset = await api.filled(count=1)
    await api.update(dataset["id"], status="completed")
    await api.update(dataset["id"], 409, caption_prefix="x")
    await api.update(dataset["id"], 409, status="completed", caption_prefix="x")
    await api.update(dataset["id"], status="completed")
    assert (await api.update(dataset["id"], name="new"))["name"] == "new"
    await api.upload(dataset["id"], expected=409)


async def test_a_completed_dataset_returns_to_draft_until_a_model_trained_on_it(api: Api) -> None:
    """Going back is allowed before a training and a 409 after it (SEED 003)."""
    model = await api.model()
    await api.update(model["dataset_id"], status="draft")
    await api.update(model["dataset_id"], status="completed")
    await api.start(model["id"])
    assert "Clone" in (await api.update(model["dataset_id"], 409, status="draft"))["error"]


async def test_a_schema_makes_an_open_dataset_fibo_and_a_prefix_legacy(api: Api) -> None:
    """The first deciding act settles the family, the other one is then a 400."""
    fibo, legacy = await api.dataset(None), await api.dataset(None)
    await api.update(fibo["id"], visual_schema=SCHEMA)
    assert (await api.update(legacy["id"], caption_prefix="A drawing of"))["caption_prefix"] == "A drawing of"
    assert "fibo" in (await api.update(fibo["id"], 400, caption_prefix="x"))["error"]
    assert "legacy" in (await api.update(legacy["id"], 400, visual_schema=SCHEMA))["error"]
    assert (await api.get_dataset(fibo["id"]))["visual_schema"] == SCHEMA


async def test_a_schema_is_json_in_a_string(api: Api) -> None:
    """A schema that is no JSON, or no string, is refused."""
    dataset = await api.dataset("fibo")
    await api.update(dataset["id"], 400, visual_schema="{")
    await api.update(dataset["id"], 400, visual_schema={"style": "flat"})


async def test_pending_captions_are_frozen_or_refused_by_option() -> None:
    """Completing with captions on their way either freezes them as missing or is a 409."""
    async with running() as api:
        dataset = await api.dataset()
        image = await api.upload(dataset["id"])
        await api.update(dataset["id"], status="completed")
        api.sim.clock.push(3600)
        path = f"{V1}/datasets/{dataset['id']}/images/{image['id']}"
        assert (await api.call("GET", path))["caption"] is None
    async with running(complete_with_pending="refuse") as api:
        dataset = await api.dataset()
        await api.upload(dataset["id"])
        assert "1 images" in (await api.update(dataset["id"], 409, status="completed"))["error"]
        api.sim.clock.push(api.sim.options.caption_delay)
        await api.update(dataset["id"], status="completed")


async def test_a_clone_is_a_draft_with_the_same_images(api: Api) -> None:
    """A clone of a completed dataset has its images and captions under new ids and can be changed."""
    dataset = await api.filled(count=2)
    await api.update(dataset["id"], status="completed")
    before = await api.get_dataset(dataset["id"])
    clone = await api.call("POST", f"{V1}/datasets/{dataset['id']}/clone", 201, json={"name": "again"})
    assert (clone["status"], clone["name"], clone["images_count"]) == ("draft", "again", 2)
    assert [each["caption"] for each in clone["images"]] == [each["caption"] for each in before["images"]]
    assert {each["id"] for each in clone["images"]}.isdisjoint(each["id"] for each in before["images"])
    await api.upload(clone["id"], picture(7))
    assert (await api.get_dataset(dataset["id"]))["images_count"] == 2
    assert api.sim.audit().duplicates == {}


async def test_a_dataset_in_training_is_not_deleted(api: Api) -> None:
    """409 while a model trains on it, 204 afterwards, 404 then."""
    model = await api.model()
    await api.start(model["id"])
    path = f"{V1}/datasets/{model['dataset_id']}"
    assert "in training" in (await api.call("DELETE", path, 409))["error"]
    api.sim.clock.push(api.sim.options.training_time)
    await api.call("DELETE", path, 204)
    await api.call("GET", path, 404)
    assert dict(api.sim.world.images) == {}


async def test_a_completed_dataset_can_be_downloaded(api: Api) -> None:
    """Images come as a zip of the very bytes, captions as JSON by name; a draft is a 409."""
    dataset = await api.dataset()
    data = flat((200, 30, 30))
    image = await api.upload(dataset["id"], data, name="red.png")
    path = f"/v1/datasets/{dataset['id']}/download"
    await api.call("GET", path, 409)
    api.sim.clock.push(60)
    await api.update(dataset["id"], status="completed")
    urls = await api.call("GET", path)
    with zipfile.ZipFile(io.BytesIO(await api.raw(urls["download_url"]))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {f"{image['id']}.png": data}
    captions = json.loads(await api.raw(urls["captions_url"]))
    assert "red" in captions["red.png"]
