"""What tests ask after a run."""

from tests.sim.helpers import V1, Api, picture, sha256


async def test_nothing_wrong_is_said_so(api: Api) -> None:
    """A clean run has no findings."""
    await api.trained("max")
    audit = api.sim.audit()
    assert audit.twice() == []
    assert audit.lost({sha256(picture(number)): number for number in range(5)}) == frozenset()
    assert str(audit) == (
        "1 projects, 1 datasets, 5 different images, 1 models, 1 trainings\n"
        "nothing twice, nothing trained without captions"
    )


async def test_images_sent_twice_are_found_by_their_bytes(api: Api) -> None:
    """Same bytes under two names in one dataset are a duplicate, in two datasets not."""
    one, other = await api.dataset(), await api.dataset()
    ids = tuple([(await api.upload(one["id"], name=name))["id"] for name in ("a.png", "b.png")])
    await api.upload(other["id"])
    assert api.sim.audit().duplicates == {(one["id"], sha256(picture())): ids}
    assert "same bytes" in str(api.sim.audit())


async def test_what_is_missing_is_lost(api: Api) -> None:
    """Expected bytes that no dataset holds."""
    dataset = await api.dataset()
    await api.upload(dataset["id"])
    missing = sha256(picture(1))
    assert api.sim.audit().lost([sha256(picture()), missing]) == {missing}


async def test_things_of_one_name_and_trainings_of_one_dataset_are_found(api: Api) -> None:
    """Two projects, datasets and models of a name, and two models trained on one dataset."""
    model = await api.model()
    await api.project()
    body = {"project_id": model["project_id"], "name": "d"}
    await api.call("POST", f"{V1}/datasets", 201, json=body)
    body = {"name": "m", "dataset_id": model["dataset_id"]}
    second = await api.call("POST", f"{V1}/models", 201, json=body)
    await api.start(model["id"])
    await api.start(second["id"])
    found = api.sim.audit()
    assert found.twice() == [
        "2 projects are named 'p'",
        "2 datasets are named 'd'",
        "2 models are named 'm'",
        f"2 trainings were started on dataset {model['dataset_id']}",
    ]
