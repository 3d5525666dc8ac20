"""Faults on demand: before and after the effect, by status, by silence, late."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bria_async.sim import Fault
from tests.sim.helpers import V1, Api, picture, running
from tests.simulation.loop import run_virtually
from tests.simulation.world import world


async def create(api: Api, name: str = "p") -> int:
    """The status of creating a project, 0 when there is no answer."""
    body = {"project_name": name, "ip_type": "icons", "ip_medium": "illustration"}
    timeout = aiohttp.ClientTimeout(total=1.0)
    try:
        async with api.http.post(f"{api.sim.base_url}{V1}/projects", json=body, timeout=timeout) as response:
            return response.status
    except (aiohttp.ClientError, TimeoutError):
        return 0


@pytest.mark.parametrize(
    ("fault", "status", "projects"),
    [
        ({"status": 503}, 503, 0),
        ({"status": 500, "when": "after"}, 500, 1),
        ({"drop": True}, 0, 0),
        ({"drop": True, "when": "after"}, 0, 1),
        ({"hang": True}, 0, 0),
        ({"hang": True, "when": "after"}, 0, 1),
    ],
)
async def test_a_fault_strikes_once_before_or_after_the_effect(
    api: Api, fault: dict[str, Any], status: int, projects: int
) -> None:
    """The reply is replaced or lost, the effect is there or not, and the next call is well."""
    api.sim.fail("projects.create", **fault)
    assert await create(api) == status
    assert (len(api.sim.world.projects), api.sim.counts["projects.create"]) == (projects, projects)
    assert await create(api) == 201


async def test_a_fault_waits_and_repeats(api: Api) -> None:
    """It lets `after` calls pass and strikes `times`; refused calls do not count."""
    api.sim.fail("projects.create", status=502, after=1, times=2)
    await api.call("POST", f"{V1}/projects", 400, json={})
    assert [await create(api) for _ in range(4)] == [201, 502, 502, 201]


async def test_a_fault_strikes_what_it_matches(api: Api) -> None:
    """By any text of the input, a file name, or the path; other operations are left alone."""
    api.sim.fail("projects.create", status=500, match="unlucky")
    assert [await create(api, name) for name in ("lucky", "unlucky one")] == [201, 500]
    dataset = await api.dataset()
    api.sim.fail("images.upload", status=500, match="b.png")
    await api.upload(dataset["id"], name="a.png")
    await api.upload(dataset["id"], picture(1), 500, name="b.png")
    api.sim.fail("datasets.get", status=500, match=f"/{dataset['id']}")
    await api.call("GET", f"{V1}/datasets/{dataset['id']}", 500)


async def test_a_refusal_is_lost_like_any_other_answer(api: Api) -> None:
    """What strikes after the effect strikes when there was none, too."""
    model = await api.model()
    await api.start(model["id"])
    api.sim.fail("models.start_training", status=502, when="after")
    await api.start(model["id"], 502)
    assert api.sim.audit().trainings == {model["id"]: 1}


async def test_a_fault_has_its_own_body_and_headers(api: Api) -> None:
    """Any JSON, such as the bare string of a quota."""
    api.sim.fail("projects.create", status=403, body="Quota exceeded", headers={"Retry-After": "7"})
    url = f"{api.sim.base_url}{V1}/projects"
    body = {"project_name": "p", "ip_type": "icons", "ip_medium": "illustration"}
    async with api.http.post(url, json=body) as response:
        assert (response.status, await response.json()) == (403, "Quota exceeded")
        assert response.headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("kind", "body", "sent"),
    [
        ("text/html", "<h1>Bad Gateway</h1>", b"<h1>Bad Gateway</h1>"),
        ("application/problem+json", "Quota exceeded", b'"Quota exceeded"'),
        ("text/plain", {"error": "no"}, b'{"error": "no"}'),
        ("text/html", None, b'{"error": "A fault asked for by a test"}'),
    ],
)
async def test_a_fault_has_its_own_content_type(api: Api, kind: str, body: Any, sent: bytes) -> None:
    """Such as the page of a gateway, which is no JSON; asked for by another process."""
    fault = {"operation": "projects.list", "status": 502, "headers": {"content-type": kind}, "body": body}
    await api.call("POST", "/_sim/faults", 201, json=fault)
    async with api.http.get(f"{api.sim.base_url}{V1}/projects") as response:
        assert (response.status, response.headers.getall("Content-Type")) == (502, [kind])
        assert await response.read() == sent


async def test_the_default_body_has_the_shape_of_the_endpoint(api: Api) -> None:
    """v1 an error, v2 an envelope."""
    api.sim.fail("projects.list", status=500)
    api.sim.fail("jobs.status", status=504)
    assert (await api.call("GET", f"{V1}/projects", 500)).keys() == {"error"}
    assert (await api.call("GET", "/v2/status/x", 504))["error"]["code"] == 504


async def test_an_effect_comes_late_after_its_caller_was_cut_off() -> None:
    """With `late_effect` the project appears only when the clock has passed it, with that date."""
    async with running(late_effect=30) as api:
        api.sim.fail("projects.create", drop=True, when="after")
        assert await create(api) == 0
        api.sim.clock.push(29)
        assert await api.call("GET", f"{V1}/projects") == []
        api.sim.clock.push(100)
        (late,) = await api.call("GET", f"{V1}/projects")
        assert late["created_at"].startswith("2026-01-01T00:00:30")
        assert api.sim.counts["projects.create"] == 1


async def test_a_late_effect_may_find_that_it_is_too_late() -> None:
    """A late upload into a dataset completed meanwhile is refused, and nobody is told."""
    async with running(late_effect=30) as api:
        dataset = await api.filled(count=1)
        api.sim.fail("images.upload", drop=True, when="after")
        with pytest.raises(aiohttp.ClientError):
            await api.upload(dataset["id"], picture(1))
        await api.update(dataset["id"], status="completed")
        api.sim.clock.push(30)
        await api.sim.settle()
        assert api.sim.counts["images.upload"] == 1


async def test_hanging_requests_do_not_hold_the_simulator() -> None:
    """Closing drops them."""
    async with running() as api:
        api.sim.fail("projects.create", hang=True)
        hanging = asyncio.create_task(api.project())
        while len(api.sim.faults):
            await api.call("GET", f"{V1}/projects")
    with pytest.raises(aiohttp.ClientError):
        await hanging


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"status": 500, "drop": True},
        {"drop": True, "hang": True},
        {"drop": True, "times": 0},
        {"drop": True, "after": -1},
        {"drop": True, "when": "during"},
        {"status": 199},
        {"status": 600},
        {"status": 500, "headers": {"X-A": "b\r\nX-C: d"}},
        {"status": 500, "headers": {"X-A\n": "b"}},
        {"status": 500, "headers": {"X-A": "\x1b"}},
        {"status": 500, "headers": {"X A": "b"}},
        {"status": 500, "headers": {"": "b"}},
        {"status": 500, "headers": {"content-length": "3"}},
        {"status": 500, "headers": {"Transfer-Encoding": "chunked"}},
        {"status": 500, "headers": {"Date": "Thu, 01 Jan 2026 00:00:00 GMT"}},
        {"status": 500, "body": float("inf")},
        {"status": 500, "body": [{"a": float("nan")}]},
        {"status": 500, "body": b"bytes"},
        {"status": 500, "body": "\ud800"},
        {"status": 500, "delay": -1.0},
        {"delay": 86_401.0},
    ],
)
def test_a_fault_that_says_nothing_or_two_things_is_refused(wrong: dict[str, Any]) -> None:
    """Exactly one of status, drop and hang, at a time that exists."""
    with pytest.raises(ValueError, match="a fault"):
        Fault(operation="projects.create", **wrong)


def test_a_slow_server_works_on_when_its_caller_has_left() -> None:
    """With a delay the effect comes late, whether somebody still waits for the answer or not."""

    async def main() -> None:
        async with world(1) as here:
            sim, loop = here.sim, asyncio.get_running_loop()
            sim.fail("projects.create", delay=20.0, times=2)
            began = loop.time()
            await here.session.projects.create(project_name="one", ip_type="icons", ip_medium="illustration")
            assert 20 < loop.time() - began < 21, "it was slow and nothing else"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5):
                    await here.session.projects.create(project_name="two", ip_type="icons", ip_medium="illustration")
            assert len(sim.world.projects) == 1
            await asyncio.sleep(20)
            assert len(sim.world.projects) == 2, "the server went on with it"

    run_virtually(main)
