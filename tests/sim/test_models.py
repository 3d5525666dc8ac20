"""Models: the way of a training, expert parameters, checkpoints, weights."""

import json

import pytest

from tests.sim.helpers import V1, Api, running

EXPERT = {"training_mode": "expert"}


async def test_a_training_goes_from_created_to_completed_on_the_clock(api: Api) -> None:
    """Created, InProgress until the last second, Completed; the answer to start is the model."""
    model = await api.model()
    assert (model["status"], model["training_mode"]) == ("Created", "fully_automated")
    assert (await api.start(model["id"]))["status"] == "InProgress"
    api.sim.clock.push(api.sim.options.training_time - 1)
    assert (await api.get_model(model["id"]))["status"] == "InProgress"
    api.sim.clock.push(1)
    assert (await api.get_model(model["id"]))["status"] == "Completed"


@pytest.mark.parametrize(("outcome", "status"), [("Failed", "Failed"), ("Stalled", "InProgress")])
async def test_a_training_ends_as_the_option_says(outcome: str, status: str) -> None:
    """It can fail, or stay in progress for ever."""
    async with running(training_outcome=outcome) as api:
        model = await api.trained()
        api.sim.clock.push(10 * 86_400)
        assert (await api.get_model(model["id"]))["status"] == status


@pytest.mark.parametrize("body", ["", "{}", "null"])
async def test_start_takes_an_absent_an_empty_and_a_null_body(api: Api, body: str) -> None:
    """All three are the same."""
    model = await api.model()
    await api.call("POST", f"{V1}/models/{model['id']}/start_training", data=body or None)


async def test_a_training_starts_once(api: Api) -> None:
    """A second start is a 409 in progress, completed and failed, and not counted."""
    model = await api.model()
    await api.start(model["id"])
    assert await api.start(model["id"], 409) == {"message": "Training already started"}
    api.sim.clock.push(api.sim.options.training_time)
    await api.start(model["id"], 409)
    assert api.sim.audit().trainings == {model["id"]: 1}


async def test_a_model_may_be_made_for_a_draft_but_trains_only_on_a_completed_dataset(api: Api) -> None:
    """The order of 2024 is served: 201 on a draft, 412 at the start until it is completed (NOTES C35)."""
    dataset = await api.dataset_2024()
    body = {"name": "m", "dataset_id": dataset["id"], "description": "old"}
    model = await api.call("POST", f"{V1}/models", 201, json=body)
    assert model["project_id"] is None
    await api.start(model["id"], 412)
    await api.upload(dataset["id"])
    api.sim.clock.push(60)
    await api.update(dataset["id"], status="COMPLETED")
    await api.start(model["id"])


async def test_unknown_datasets_and_models_are_404(api: Api) -> None:
    """What does not exist is not found, in the shape of the endpoint."""
    await api.call("POST", f"{V1}/models", 404, json={"name": "m", "dataset_id": 5})
    await api.call("GET", f"{V1}/models/5", 404)
    await api.start(5, 404)
    assert await api.call("GET", f"{V1}/models/5/checkpoints", 404) == "Model not found"


async def test_the_family_of_a_model_is_that_of_its_dataset(api: Api) -> None:
    """A contradicting version is a 400; naming one on the model decides an open dataset; else FIBO at training."""
    legacy, open_one, silent = await api.filled("max"), await api.dataset(None), await api.filled(None)
    body = {"name": "m", "training_version": "fibo"}
    await api.call("POST", f"{V1}/models", 400, json=body | {"dataset_id": legacy["id"]})
    body = {"name": "m", "training_version": "bria-3.2"}
    await api.call("POST", f"{V1}/models", 201, json=body | {"dataset_id": open_one["id"]})
    assert api.sim.world.datasets[open_one["id"]].family == "legacy"
    await api.update(silent["id"], status="completed")
    model = await api.call("POST", f"{V1}/models", 201, json={"name": "m", "dataset_id": silent["id"]})
    assert api.sim.world.models[model["id"]].family is None
    await api.start(model["id"])
    assert api.sim.world.models[model["id"]].family == "fibo"
    assert api.sim.world.projects[silent["project_id"]].family == "fibo"


async def test_expert_parameters_are_for_expert_models_only(api: Api) -> None:
    """On a fully automated model they are a 400 with the published sentence."""
    model = await api.model()
    answer = await api.start(model["id"], 400, rank=64)
    expected = "Advanced training parameters are only supported when training_mode is set to 'expert'."
    assert answer == {"message": expected}


async def test_expert_parameters_out_of_range_are_told_field_by_field(api: Api) -> None:
    """The published shape of validation errors."""
    model = await api.model(**EXPERT)
    answer = await api.start(model["id"], 400, total_training_steps=5001, rank=3)
    assert answer["errors"] == [
        {
            "msg": "Input should be less than or equal to 5000",
            "field_name": "total_training_steps",
            "field_input": 5001,
        },
        {"msg": "Input should be greater than or equal to 4", "field_name": "rank", "field_input": 3},
    ]


async def test_expert_parameters_have_the_defaults_of_their_family(api: Api) -> None:
    """Warm-up steps belong to the scheduler that warms up; legacy has longer defaults."""
    fibo, legacy = await api.model("fibo", **EXPERT), await api.model("max", **EXPERT)
    assert (await api.start(fibo["id"], rank=64))["training_parameters"] == {
        "learning_rate": 0.0001,
        "lr_scheduler": "constant_with_warmup",
        "rank": 64,
        "total_training_steps": 750,
        "checkpoint_interval": 500,
        "lr_warmup_steps": 100,
    }
    started = (await api.start(legacy["id"]))["training_parameters"]
    assert (started["total_training_steps"], started["lr_warmup_steps"]) == (1500, None)


async def test_a_training_is_stopped_for_good(api: Api) -> None:
    """Stopping, then Stopped; neither starts nor stops again."""
    model = await api.model()
    path = f"{V1}/models/{model['id']}/stop_training"
    await api.call("POST", path, 409)
    await api.start(model["id"])
    assert (await api.call("POST", path))["status"] == "Stopping"
    await api.call("DELETE", f"{V1}/models/{model['id']}", 409)
    api.sim.clock.push(api.sim.options.stop_time)
    assert (await api.get_model(model["id"]))["status"] == "Stopped"
    assert await api.start(model["id"], 409) == {"message": "Training already stopped"}
    await api.call("POST", path, 409)


async def test_a_model_is_changed_listed_and_deleted(api: Api) -> None:
    """Names change, lists leave parameters out unless asked, a training model stays."""
    model = await api.model(**EXPERT)
    path = f"{V1}/models/{model['id']}"
    assert (await api.call("PUT", path, json={"name": "new"}))["name"] == "new"
    (listed,) = await api.call("GET", f"{V1}/models")
    assert (listed["name"], "training_parameters" in listed) == ("new", False)
    await api.start(model["id"])
    (asked,) = await api.call("GET", f"{V1}/models", params={"include_training_parameters": "true"})
    assert asked["training_parameters"]["rank"] == 128
    assert await api.call("DELETE", path, 409) == {"message": "Cannot delete model while it is in training"}
    api.sim.clock.push(api.sim.options.training_time)
    assert await api.call("DELETE", path, 204) is None
    await api.call("GET", path, 404)


async def test_checkpoints_appear_with_the_steps_and_are_deleted(api: Api) -> None:
    """An expert training leaves one per interval and the last; the last cannot be deleted."""
    model = await api.model(**EXPERT)
    path = f"{V1}/models/{model['id']}/checkpoints"
    assert await api.call("GET", path, 400) == "The model status is not completed"
    await api.start(model["id"], total_training_steps=500, checkpoint_interval=200)
    api.sim.clock.push(api.sim.options.training_time / 2)
    assert (await api.get_model(model["id"]))["checkpoint_steps"] == ["200"]
    api.sim.clock.push(api.sim.options.training_time)
    listed = await api.call("GET", path)
    assert [each["checkpoint_step"] for each in listed["checkpoints"]] == [200, 400, 500]
    assert listed["active_model_version"] == "default"
    assert await api.call("GET", f"{path}/400") == listed["checkpoints"][1]
    await api.call("DELETE", f"{path}/400", 204)
    assert await api.call("GET", f"{path}/400", 404) == "Checkpoint not found"
    refused = await api.call("DELETE", f"{path}/500", 400)
    assert refused == "Cannot delete checkpoint currently selected for inference"


async def test_weights_are_a_small_valid_file(api: Api) -> None:
    """A completed model gives the URL of a safetensors file that says it is simulated."""
    model = await api.model()
    path = f"{V1}/models/{model['id']}/download"
    assert await api.call("GET", path, 400) == "The model status is not completed"
    await api.start(model["id"])
    api.sim.clock.push(api.sim.options.training_time)
    data = await api.raw((await api.call("GET", path))["download_url"])
    length = int.from_bytes(data[:8], "little")
    assert json.loads(data[8 : 8 + length])["__metadata__"]["simulated"] == "true"
    assert len(data) == 8 + length


async def test_weights_are_uploaded_by_url(api: Api) -> None:
    """An uploaded model is syncing, then completed, and never fetched."""
    project = await api.project()
    path = f"{V1}/models/upload_model"
    body = {"name": "mine", "project_id": project["id"], "model_url": "https://example.com/a.safetensors"}
    made = await api.call("POST", path, 201, json=body)
    assert made == {"id": made["id"], "status": "syncing"}
    api.sim.clock.push(api.sim.options.job_time)
    assert (await api.get_model(made["id"]))["status"] == "completed"
    await api.call("POST", path, 400, json=body | {"model_url": "https://example.com/a.bin"})
    await api.call("POST", path, 400, json=body | {"project_id": 3})


async def test_training_on_missing_captions_is_noticed() -> None:
    """The audit names the images that had no caption when the training started."""
    async with running(missing_captions=1.0) as api:
        model = await api.model()
        await api.start(model["id"])
        images = tuple(image.id for image in api.sim.world.images.values())
        assert api.sim.audit().trained_uncaptioned == {model["id"]: images}
