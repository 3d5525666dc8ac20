"""Rate limits: per endpoint and fixed minute, polls included."""

import pytest

from bria_async.sim.limits import Limits
from tests.sim.helpers import V1, Api, running


async def test_one_request_too_many_is_a_429_until_the_minute_is_over() -> None:
    """Each endpoint counts for itself; `Retry-After` names the seconds to wait."""
    async with running(rate_limits=2) as api:
        api.sim.clock.push(45)
        for _ in range(2):
            await api.call("GET", f"{V1}/projects")
        url = f"{api.sim.base_url}{V1}/projects"
        async with api.http.get(url) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "15")
            assert (await response.json())["error"].startswith("Request limit exceeded.")
        await api.call("GET", f"{V1}/models")
        api.sim.clock.push(15)
        await api.call("GET", f"{V1}/projects")


async def test_polls_count_and_v2_answers_in_its_envelope() -> None:
    """The status endpoint has a limit too, without `Retry-After` by option."""
    async with running(rate_limits={"jobs.status": 1}, retry_after=False) as api:
        await api.call("GET", "/v2/status/a", 404)
        async with api.http.get(f"{api.sim.base_url}/v2/status/a") as response:
            assert (response.status, response.headers.get("Retry-After")) == (429, None)
            assert (await response.json())["error"]["code"] == 429
        for _ in range(3):
            await api.call("GET", f"{V1}/projects")


async def test_a_throttled_call_does_nothing(api: Api) -> None:
    """A refused POST creates nothing and is not counted."""
    async with running(rate_limits=1) as other:
        await other.project()
        await other.call("POST", f"{V1}/projects", 429, json={})
        assert other.sim.counts["projects.create"] == 1


@pytest.mark.parametrize("rates", [None, {"other": 1}])
def test_no_rate_is_no_limit(rates: dict[str, int] | None) -> None:
    """Without a number for it an operation is never refused."""
    limits = Limits(rates)
    assert [limits.wait("projects.list", 0) for _ in range(100)] == [None] * 100
