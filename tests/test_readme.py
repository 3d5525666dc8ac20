"""The README's examples run as they stand, and its links lead somewhere."""

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bria_async import Plan, Session, train
from bria_async.images.pictures import draw
from bria_async.sim import Clock, simulator

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def example(containing: str) -> dict[str, Any]:
    """Execute the example that holds this text, and return its names."""
    code = next(code for code in EXAMPLES if containing in code)
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102  # our own README
    return names


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A token, a state folder, and a working directory with pictures."""
    monkeypatch.setenv("BRIA_API_TOKEN", "any-token")
    monkeypatch.setenv("BRIA_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "pictures", 5)
    return tmp_path


async def test_training_and_handler(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The five lines train a model, and the handler generates with it."""
    async with simulator(clock=Clock(speed=20_000.0)) as sim:
        monkeypatch.setenv("BRIA_BASE_URL", sim.base_url)
        trained = await example("await train(bria, plan)")["main"]()
        assert [sample.path.suffix for sample in trained.samples] == [".png"]

        runner = web.AppRunner(example("cleanup_ctx")["app"])
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            url = f"http://{host}:{port}/picture/{trained.model_id}?prompt=a+map"
            async with aiohttp.ClientSession() as http, http.get(url) as response:
                answer = await response.json()
            assert answer["url"].startswith(sim.base_url), answer
        finally:
            await runner.cleanup()


async def test_simulator_example() -> None:
    """The example of a test with the simulator passes."""
    await example("test_my_code")["test_my_code"]()


async def test_pictures(environment: Path) -> None:
    """The example of images, waiting and guidance draws what it says, with a legacy model of one's own."""
    draw(environment, 1)[0].rename(environment / "chair.png")
    (environment / "edges.png").write_bytes((environment / "chair.png").read_bytes())
    plan = Plan(images=environment / "pictures", name="Lora", ip_type="stylized_scene", ip_medium="illustration",
                family="legacy", training_version="light")  # fmt: skip
    async with simulator(clock=Clock(speed=20_000.0)) as sim, Session("any-token", sim.base_url) as bria:
        trained = await train(bria, plan)
        source = next(code for code in EXAMPLES if "Guidance(" in code).replace("1234", str(trained.model_id))
        names: dict[str, Any] = {"__name__": "readme"}
        exec(compile(source, "README.md", "exec"), names)  # noqa: S102  # our own README
        urls = await names["pictures"](bria)
        assert (environment / "chair-cut.png").read_bytes().startswith(b"\x89PNG")
        assert len(urls) == 2 + 4
        assert all([await bria.probe(url) for url in urls]), "some were not ready"


def test_five_lines_are_five() -> None:
    """The promise of five lines is kept: what happens inside `main` is five lines."""
    code = next(code for code in EXAMPLES if "await train(bria, plan)" in code)
    assert len(code.split("async def main():\n")[1].strip().splitlines()) <= 5


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_links(page: Path) -> None:
    """Links to files of this repository lead somewhere."""
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing, missing


def test_every_page_is_linked() -> None:
    """Whoever reads the README finds every page."""
    missing = [page.name for page in sorted((ROOT / "docs").glob("*.md")) if f"](docs/{page.name}" not in README]
    assert not missing, missing


def test_opening() -> None:
    """The README opens with the two commands, then Python, then a handler."""
    order = [README.index(text) for text in ("make demo", "make test", "await train(", "request handler")]
    assert order == sorted(order)
