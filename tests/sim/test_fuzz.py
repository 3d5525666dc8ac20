"""Whatever is sent to an operation, its answer is one that the served document lists, and no failure.

The same requests at every run; `BRIA_FUZZ=20` sends 20 times as many, and others at every run.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from schemathesis.core.result import Ok

from bria_async.sim import Simulator, simulator
from bria_async.sim.app import declared
from bria_async.sim.spec import openapi
from tests.sim.fuzzing import TOKEN, Scene, Served, made, prepare

SOAK = int(os.environ.get("BRIA_FUZZ", "1"))
EXAMPLES = 30 * SOAK
FETCHED = EXAMPLES // 10
LONGEST_URL = 8000
"""Longer request lines are refused before any operation sees them."""
FAILURES = {500, 502, 503, 504}
SPEC = openapi()
SCHEMA = schemathesis.openapi.from_dict(
    SPEC, config=schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
)
OPERATIONS: list[Served] = [result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok)]
SERVED = {operation.definition.raw["operationId"]: operation for operation in OPERATIONS}


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """A loop in a thread, because generators of requests are no coroutines."""
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture(scope="module")
def prepared(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Scene]]:
    """A world at rest, and what exists in it."""
    state = tmp_path_factory.mktemp("world")
    return state, portal.call(prepare, state)


@pytest.fixture
def sim(portal: BlockingPortal, prepared: tuple[Path, list[Scene]], tmp_path: Path) -> Iterator[Simulator]:
    """A simulator with a copy of that world."""
    state = shutil.copytree(prepared[0], tmp_path / "world")
    with portal.wrap_async_context_manager(simulator(state=state)) as served:
        yield served


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [operation.name for operation in declared()])
def test_every_answer_is_listed_in_the_document(name: str, sim: Simulator, prepared: tuple[Path, list[Scene]]) -> None:
    """Fitting, wrong and hostile requests: no failure, a listed status, a body of its shape, results that load."""
    operation, listed = SERVED[name], SERVED[name].definition.raw["responses"]
    to_fetch = FETCHED

    with requests.Session() as http:

        @settings(
            max_examples=EXAMPLES,
            derandomize=SOAK == 1,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(request=made(operation, sim.base_url, prepared[1]))
        def answers_as_listed(request: requests.Request) -> None:
            nonlocal to_fetch
            sent = request.prepare()
            assume(len(sent.url or "") < LONGEST_URL)
            note(f"{sent.method} {sent.url} {dict(sent.headers)} {sent.body!r:.3000}")
            answer = http.send(sent, timeout=20)
            assert answer.status_code not in FAILURES, answer.text
            assert str(answer.status_code) in listed, answer.text
            operation.validate_response(answer)
            if answer.ok and to_fetch:
                to_fetch -= 1
                sim.clock.push(sim.options.job_time)
                fetch_all(http, sim, answer)

        answers_as_listed()


def fetch_all(http: requests.Session, sim: Simulator, answer: requests.Response) -> None:
    """Whatever URL of the simulator an answer shows can be fetched."""
    for url in re.findall(rf'"({re.escape(sim.base_url)}[^"]*)"', answer.text):
        found = http.get(json.loads(f'"{url}"'), headers=TOKEN, timeout=20)
        assert found.status_code not in FAILURES, (url, found.text)
        if "/v2/status/" in url and found.ok:
            fetch_all(http, sim, found)
