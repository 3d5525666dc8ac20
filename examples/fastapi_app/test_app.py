"""What the application does with the API, and what it pays for, whatever goes wrong."""

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from bria_async import Session
from bria_async.testing import ServedSimulator
from examples.studio import Studio


def test_a_picture(client: TestClient, bria_sim: ServedSimulator) -> None:
    """It is drawn once, and can be asked for again by the id of its job."""
    drawn = client.post("/pictures", json={"prompt": "a cat on a roof"}).json()
    assert drawn["url"].startswith(bria_sim.base_url)
    assert client.get(f"/pictures/{drawn['job']}").json() == drawn
    assert bria_sim.counts["generation.generate"] == 1


@pytest.mark.bria_fault("generation.generate", status=429, headers={"Retry-After": "0"})
def test_a_rate_limit(client: TestClient) -> None:
    """Nobody notices a 429: the session asks again when the API allows."""
    assert client.post("/pictures", json={"prompt": "a cat"}).status_code == 200


@pytest.mark.bria_fault("generation.generate", when="after", drop=True)
def test_a_lost_answer(client: TestClient, bria_sim: ServedSimulator) -> None:
    """A generation whose answer was lost is told of, and not paid for twice."""
    answer = client.post("/pictures", json={"prompt": "a cat"})
    assert answer.status_code == 502
    assert "generation.generate" in answer.json()["error"]
    assert bria_sim.counts["generation.generate"] == 1


@pytest.mark.bria_options(job_time=20)
def test_a_client_who_goes(address: str, bria_sim: ServedSimulator) -> None:
    """The wait ends with the client; the picture was paid for, and its webhook brings it home."""
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{address}/pictures", json={"prompt": "a cat"}, timeout=0.5)
    assert until_nobody_waits(address)["url"] is None

    bria_sim.clock.push(20)
    bria_sim.settle()
    assert until_nobody_waits(address)["url"].startswith(bria_sim.base_url)
    assert bria_sim.counts["generation.generate"] == 1


def until_nobody_waits(address: str) -> dict[str, Any]:
    """The only picture, once no request waits for it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found: list[dict[str, Any]] = httpx2.get(f"{address}/pictures").json()
        if found and not found[0]["waiting"]:
            return found[0]
    raise AssertionError("somebody waits for ever")


def test_a_forged_webhook(client: TestClient) -> None:
    """Whoever cannot sign is not heard."""
    headers = {"Bria-Webhook-Id": "1", "Bria-Webhook-Timestamp": "1", "Bria-Webhook-Signature": "v1=AAAA"}
    answer = client.post("/webhooks/bria", content=b'{"status": "COMPLETED"}', headers=headers)
    assert answer.status_code == 401


def test_a_training(client: TestClient, bria_sim: ServedSimulator) -> None:
    """It goes on in the background, its events tell how, and a reader who was cut off gets those that he lacks."""
    assert client.post("/trainings/cats").status_code == 202
    told = client.get("/trainings/cats/events").text
    assert told.startswith("id: 1\ndata: cats started; uploaded ")
    assert told.endswith(" is ready\n\n")
    behind = client.get("/trainings/cats/events", headers={"Last-Event-ID": "1"}).text
    assert behind.startswith("id: 2\n")
    assert not bria_sim.audit().twice()


@pytest.mark.bria_options(training_outcome="Failed")
def test_a_training_that_fails(client: TestClient) -> None:
    """The last event says why."""
    client.post("/trainings/cats")
    assert client.get("/trainings/cats/events").text.splitlines()[-2].endswith("ended: Failed.")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_studio_alone(bria_session: Session, tmp_path: Path) -> None:
    """What knows no web framework is tested without one, on a session of the test's own."""
    picture = await Studio(bria_session, tmp_path).draw("a cat")
    assert picture.url is not None
    assert await bria_session.probe(picture.url), "there is no such picture"
