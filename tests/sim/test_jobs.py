"""The status of v2 jobs: 200 whatever the outcome, 404 for what is not known."""

from typing import Any

import pytest

from tests.sim.helpers import Api, running


async def submitted(api: Api) -> dict[str, Any]:
    """A new job."""
    model = await api.trained("fibo")
    body = {"tailored_model_id": model["id"], "prompt": "x"}
    answer: dict[str, Any] = await api.call("POST", "/v2/image/generate/tailored", 202, json=body)
    return answer


async def test_an_unknown_id_is_not_found(api: Api) -> None:
    """404 with its own small body."""
    assert await api.call("GET", "/v2/status/nothing", 404) == {"status": "NOT_FOUND"}


@pytest.mark.parametrize("outcome", ["ERROR", "UNKNOWN"])
async def test_a_job_ends_as_the_option_says(outcome: str) -> None:
    """A failed job is a 200 with an error, an unknown one a 200 with neither."""
    async with running(job_outcome=outcome) as api:
        job = await submitted(api)
        api.sim.clock.push(60)
        done = await api.call("GET", job["status_url"])
        assert (done["status"], "result" in done) == (outcome, False)
        assert ("error" in done) == (outcome == "ERROR")
        model = next(iter(api.sim.world.models))
        body = {"tailored_model_id": model, "prompt": "x", "sync": True}
        await api.call("POST", "/v2/image/generate/tailored", 500, json=body)


async def test_a_young_id_is_not_known_yet_and_an_old_one_no_more() -> None:
    """404 for the grace time and after the lifetime."""
    async with running(not_found_grace=3, job_lifetime=1000) as api:
        job = await submitted(api)
        await api.call("GET", job["status_url"], 404)
        api.sim.clock.push(3)
        assert (await api.call("GET", job["status_url"]))["status"] == "IN_PROGRESS"
        api.sim.clock.push(997)
        await api.call("GET", job["status_url"], 404)


async def test_ids_repeat_with_the_seed_and_not_within_a_run() -> None:
    """Two simulators of one seed give the same ids, another seed gives others."""
    ids = []
    for seed in (1, 1, 2):
        async with running(seed=seed) as api:
            ids.append([(await submitted(api))["request_id"] for _ in range(2)])
    assert ids[0] == ids[1]
    assert len({*ids[0], *ids[2]}) == 4
