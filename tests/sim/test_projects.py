"""Projects, and the family that a project is locked to."""

import pytest

from tests.sim.helpers import V1, Api, running

CHARACTER = {"ip_type": "defined_character", "ip_name": "Lora", "ip_description": "purple hair"}


async def test_a_project_is_created_shown_changed_and_deleted(api: Api) -> None:
    """The whole life of a project, with `updated_at` only in lists."""
    made = await api.project(**CHARACTER)
    assert made["status"] == "active"
    assert made["ip_name"] == "Lora"
    assert "updated_at" not in made
    path = f"{V1}/projects/{made['id']}"
    assert await api.call("GET", path) == made
    api.sim.clock.push(1)
    changed = await api.call("PUT", path, json={"project_name": "new", "ip_name": None})
    assert (changed["project_name"], changed["ip_name"]) == ("new", "Lora")
    listed = await api.call("GET", f"{V1}/projects")
    assert listed == [changed | {"updated_at": "2026-01-01T00:00:01.000000"}]
    await api.call("DELETE", path, 204)
    await api.call("GET", path, 404)


@pytest.mark.parametrize("field", ["project_name", "ip_type", "ip_medium"])
async def test_three_fields_are_needed(api: Api, field: str) -> None:
    """A missing name, type or medium is told as a validation error."""
    body = {"project_name": "p", "ip_type": "icons", "ip_medium": "illustration"}
    del body[field]
    answer = await api.call("POST", f"{V1}/projects", 400, json=body)
    assert answer == {"errors": [{"msg": "Field required", "field_name": field, "field_input": None}]}


@pytest.mark.parametrize(
    "fields",
    [
        {"ip_type": "icons", "ip_medium": "photography"},
        {"ip_type": "defined_character", "ip_description": "purple hair"},
        {"ip_type": "defined_character", "ip_name": "Lora"},
        {"ip_type": "object_variants"},
    ],
)
async def test_the_ip_fields_must_fit_together(api: Api, fields: dict[str, str]) -> None:
    """The type decides the medium and which descriptions are needed."""
    body = {"project_name": "p", "ip_medium": "illustration"} | fields
    answer = await api.call("POST", f"{V1}/projects", 400, json=body)
    assert answer["error"]
    assert api.sim.counts["projects.create"] == 0


async def test_word_counts_are_not_enforced(api: Api) -> None:
    """The documents' own sample breaks the word limits, so they are accepted (NOTES C3)."""
    await api.project(**CHARACTER | {"ip_description": "one two three four five six seven eight nine"})


async def test_a_version_locks_the_project_to_its_family(api: Api) -> None:
    """Legacy versions are interchangeable in a legacy project, FIBO is a 400."""
    project = await api.project(training_version="light")
    assert project["training_version"] == "light"
    body = {"project_id": project["id"], "name": "d"}
    await api.call("POST", f"{V1}/datasets", 201, json=body | {"training_version": "3.2"})
    answer = await api.call("POST", f"{V1}/datasets", 400, json=body | {"training_version": "fibo"})
    assert "legacy" in answer["error"]


async def test_the_first_dataset_locks_an_open_project(api: Api) -> None:
    """A project without a version inherits that of its first dataset."""
    project = await api.project(training_version=None)
    assert project["training_version"] is None
    body = {"project_id": project["id"], "name": "d", "training_version": "fibo"}
    await api.call("POST", f"{V1}/datasets", 201, json=body)
    shown = await api.call("GET", f"{V1}/projects/{project['id']}")
    assert shown["training_version"] == "fibo"
    await api.call("POST", f"{V1}/datasets", 400, json=body | {"training_version": "max"})


async def test_datasets_and_models_of_a_project_are_listed(api: Api) -> None:
    """Only the project's own, with models or their ids when asked, parameters only when asked."""
    model = await api.model()
    await api.model()
    path = f"{V1}/projects/{model['project_id']}"
    (plain,) = await api.call("GET", f"{path}/datasets")
    assert plain["id"] == model["dataset_id"]
    assert plain.keys().isdisjoint({"models", "model_ids"})
    query = {"include_models": "true", "include_models_ids": "true"}
    (full,) = await api.call("GET", f"{path}/datasets", params=query)
    assert [each["id"] for each in full["models"]] == [model["id"]]
    assert full["model_ids"] == [str(model["id"])]
    (listed,) = await api.call("GET", f"{path}/models")
    assert (listed["id"], "training_parameters" in listed) == (model["id"], False)
    (asked,) = await api.call("GET", f"{path}/models", params={"include_training_parameters": "true"})
    assert "training_parameters" in asked


async def test_a_project_takes_everything_with_it_but_not_while_training(api: Api) -> None:
    """Deleting is a 409 during a training, and afterwards deletes datasets and models."""
    model = await api.model()
    await api.start(model["id"])
    path = f"{V1}/projects/{model['project_id']}"
    await api.call("DELETE", path, 409)
    api.sim.clock.push(api.sim.options.training_time)
    await api.call("DELETE", path, 204)
    world = api.sim.world
    assert (dict(world.projects), dict(world.datasets), dict(world.images), dict(world.models)) == ({}, {}, {}, {})


async def test_new_things_show_late_in_lists_by_option() -> None:
    """With a listing lag a project exists at once and is listed later."""
    async with running(listing_lag=5) as api:
        project = await api.project()
        await api.call("GET", f"{V1}/projects/{project['id']}")
        assert await api.call("GET", f"{V1}/projects") == []
        api.sim.clock.push(5)
        assert len(await api.call("GET", f"{V1}/projects")) == 1


async def test_datasets_follow_a_project_that_another_one_decided(api: Api) -> None:
    """An open dataset is legacy once its project is, by whatever act."""
    project = await api.project(training_version=None)
    made = []
    for name in ("one", "two"):
        body = {"project_id": project["id"], "name": name}
        made.append(await api.call("POST", f"{V1}/datasets", 201, json=body))
    await api.update(made[0]["id"], caption_prefix="A drawing of")
    assert "caption_prefix" in await api.get_dataset(made[1]["id"])
    await api.update(made[1]["id"], 400, visual_schema="{}")
