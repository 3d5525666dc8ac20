"""The pytest plugin for our users: in every way to run a test, and what it refuses to let pass."""

import os
import re
import sys
from pathlib import Path
from subprocess import run

import pytest

from bria_async.sim import operations

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "testing.md").read_text()
PLUGIN = 'pytest_plugins = ["bria_async.testing"]\n'

CREATES = """
async def creates(bria, sim):
    await bria.projects.create(project_name="Mine", ip_type="other", ip_medium="photography")
    assert sim.counts["projects.create"] == 1, sim.counts
"""

WAYS = {
    "auto": """
async def test_it(bria_session, bria_sim):
    await creates(bria_session, bria_sim)
""",
    "strict": """
import pytest, pytest_asyncio

@pytest_asyncio.fixture
async def project(bria_session):
    return await bria_session.projects.create(project_name="Ours", ip_type="other", ip_medium="photography")

@pytest.mark.asyncio
async def test_it(project, bria_session):
    assert await bria_session.projects.get(project.id) == project
""",
    "anyio": """
import pytest

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_it(bria_session, bria_sim):
    await creates(bria_session, bria_sim)
""",
    "plain": """
import asyncio
from bria_async import Session

def test_it(bria_env, bria_sim):
    async def application():
        async with Session() as bria:
            await creates(bria, bria_sim)

    asyncio.run(application())
""",
}
"""A test in each way that there is to run one."""


@pytest.fixture
def users(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of somebody who enabled the plugin, and for whom warnings are errors."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    pytester.makeini("[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest("from bria_async.testing import serving\n" + PLUGIN)
    return pytester


def ran(users: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    """What became of their tests, in a process of their own: one that unloads modules leaves classes there twice."""
    users.makepyfile(code)
    return users.runpytest_subprocess("--strict-markers", "-p", "no:cacheprovider", *arguments)


@pytest.mark.parametrize("way", WAYS)
def test_sessions_for_every_way_to_run_a_test(users: pytest.Pytester, way: str) -> None:
    """A session is open on the loop of the test, and an application finds the simulator by its environment."""
    mode = "auto" if way == "auto" else "strict"
    ran(users, CREATES + WAYS[way], f"--asyncio-mode={mode}").assert_outcomes(passed=1)


def test_plain_functions_steer_it(users: pytest.Pytester) -> None:
    """Time passes when it is pushed, webhooks are delivered when it settles, and its world can be looked into."""
    code = """
    import urllib.request, json, pytest

    def posted(sim, path, body):
        headers = {"api_token": "any", "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(sim.base_url + path, data, headers)) as answer:
            return json.load(answer)

    def status(sim, job):
        url = sim.base_url + "/v2/status/" + job["request_id"]
        with urllib.request.urlopen(urllib.request.Request(url, headers={"api_token": "any"})) as answer:
            return json.load(answer)["status"]

    def test_at_once(bria_sim):
        assert status(bria_sim, posted(bria_sim, "/v2/image/generate", {"prompt": "a cat"})) == "COMPLETED"
        assert [seen.operation for seen in bria_sim.requests] == ["generation.generate", "jobs.status"]

    @pytest.mark.bria_options(job_time=60)
    class TestTime:
        def test_of_the_class(self, bria_sim):
            job = posted(bria_sim, "/v2/image/generate", {"prompt": "a cat", "webhook_url": "http://127.0.0.1:9/"})
            assert status(bria_sim, job) == "IN_PROGRESS"
            bria_sim.clock.push(60)
            assert status(bria_sim, job) == "COMPLETED"
            bria_sim.settle()
            assert bria_sim.inside(lambda sim: sim.webhooks.deliveries[0].answers) == [0]

        @pytest.mark.bria_options(job_time=0)
        def test_the_nearest_mark_counts(self, bria_sim):
            assert status(bria_sim, posted(bria_sim, "/v2/image/generate", {"prompt": "a cat"})) == "COMPLETED"
    """
    ran(users, code).assert_outcomes(passed=3)


def test_faults_strike(users: pytest.Pytester) -> None:
    """Marks arm faults, the upper one first, and so does a test itself."""
    code = """
    import pytest
    from bria_async import OutcomeUnknown, Refused

    async def creates(bria):
        await bria.projects.create(project_name="Mine", ip_type="other", ip_medium="photography")

    @pytest.mark.asyncio
    @pytest.mark.bria_fault("projects.create", status=403)
    @pytest.mark.bria_fault("projects.create", when="after", drop=True)
    async def test_marks(bria_session, bria_sim):
        with pytest.raises(Refused):
            await creates(bria_session)
        with pytest.raises(OutcomeUnknown):
            await creates(bria_session)
        assert len(bria_sim.audit().twice()) == 0
        bria_sim.fail("projects.create", status=403)
        with pytest.raises(Refused):
            await creates(bria_session)
        assert bria_sim.counts["projects.create"] == 1
    """
    ran(users, code).assert_outcomes(passed=1)


def test_a_fault_that_never_strikes(users: pytest.Pytester) -> None:
    """A test that arms a fault and calls nothing that it could strike has shown nothing, so it does not pass."""
    code = """
    import pytest

    @pytest.mark.bria_fault("project.create", status=403)
    def test_misspelt(bria_sim):
        pass

    @pytest.mark.bria_fault("projects.create", status=403)
    def test_without_a_simulator():
        pass
    """
    result = ran(users, code)
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["*no call was struck by the fault of project.create", "*bria_fault needs a simulator*"]
    )


def test_one_simulator_for_many_tests(users: pytest.Pytester) -> None:
    """A fixture of a wider scope serves its own."""
    code = """
    import pytest
    from bria_async.testing import serving

    @pytest.fixture(scope="module")
    def shared():
        with serving(training_time=60) as sim:
            yield sim

    def test_first(shared):
        shared.clock.push(1)

    def test_second(shared):
        assert shared.inside(lambda sim: sim.options.training_time) == 60
        assert shared.clock.now() % 60 == 1
    """
    ran(users, code).assert_outcomes(passed=2)


def test_a_training_takes_no_time(users: pytest.Pytester) -> None:
    """A whole training, review aside, is over before anybody has waited."""
    code = """
    import pytest
    from PIL import Image
    from bria_async import Plan, train

    @pytest.mark.asyncio
    async def test_training(bria_env, bria_session, bria_sim, tmp_path):
        for number in range(5):
            Image.new("RGB", (300, 300), (50 * number, 90, 200)).save(tmp_path / f"{number}.png")
        plan = Plan(images=tmp_path, name="A", ip_type="other", ip_medium="photography", samples=["a cat"])
        trained = await train(bria_session, plan)
        assert trained.folder == tmp_path / "bria-state" / "a"
        for waited in ("models.get", "jobs.status"):
            assert bria_sim.counts[waited] == 1, "what is waited for is there at the first look"
        assert not bria_sim.audit().twice()
    """
    ran(users, code).assert_outcomes(passed=1)


def test_what_is_missing_is_named() -> None:
    """Without pytest the error names the extra; with it, the plugin loads no simulator before a test wants one."""
    missing = "import sys; sys.modules['pytest'] = None; import bria_async.testing"
    failed = run([sys.executable, "-c", missing], capture_output=True, text=True, check=False)
    assert 'pip install "bria-async[testing]"' in failed.stderr

    light = "import sys, bria_async.testing; assert not {'aiohttp', 'PIL', 'bria_async.sim'} & set(sys.modules)"
    loaded = run([sys.executable, "-c", light], capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr


def test_the_examples_of_the_page(users: pytest.Pytester) -> None:
    """Every test that the documentation shows passes, and it names no operation that there is not."""
    first, *examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert first == PLUGIN
    files = {f"test_{number}": code for number, code in enumerate(examples)}
    passed = "".join(examples).count("def test_") + 1  # one of them runs under two marks
    users.makepyfile(**files)
    ran(users, "", "--asyncio-mode=auto").assert_outcomes(passed=passed)
    assert set(re.findall(r'bria_fault\("([\w.]+)"', PAGE)) <= set(operations())
