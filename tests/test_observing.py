"""The page on observing: its examples run as they stand, its tables are what the code does."""

import ast
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from bria_async import Attempt, Event, Plan, Session
from bria_async.graph.events import Happened
from bria_async.graph.states import Change
from bria_async.images.pictures import draw
from bria_async.sim import Clock, simulator
from bria_async.transport import hooks

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "observing.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "log"})


def example(containing: str) -> dict[str, Any]:
    """Execute the example that holds this text, and return its names."""
    (code,) = (code for code in EXAMPLES if containing in code)
    names: dict[str, Any] = {"__name__": "observing"}
    exec(compile(code, "observing.md", "exec"), names)  # noqa: S102  # our own page
    return names


def table(head: str) -> list[str]:
    """The words in backquotes of the first column of a table."""
    rows = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])]


@pytest.mark.exhaustive
async def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A run is heard, followed, drawn as a bar and traced, and calls are timed."""
    monkeypatch.setenv("BRIA_API_TOKEN", "any-token")
    monkeypatch.setenv("BRIA_STATE", str(tmp_path / "state"))
    draw(tmp_path / "pictures", 5)
    plan = Plan(images=tmp_path / "pictures", name="Lora", ip_type="other", ip_medium="photography")
    async with simulator(clock=Clock(speed=20_000.0)) as sim:
        monkeypatch.setenv("BRIA_BASE_URL", sim.base_url)
        assert (await example("train_aloud")["train_aloud"](plan)).run == "lora"
        assert "lora completed" in capsys.readouterr().out
        seen = await example("async def follow")["follow"]("lora")
        assert "lora completed; 5 of 5 images, done" in capsys.readouterr().out
        assert await example("async def follow")["follow"]("lora", seen) == seen
        shown: list[tuple[int, int]] = []
        bar = example("train_with_bar")["train_with_bar"]
        assert (await bar(attrs.evolve(plan, name="Again"), lambda *numbers: shown.append(numbers))).run == "again"
        assert shown[-1] == (5, 5) and shown == sorted(shown), shown
        await example("def timed")["main"]()
        assert re.match(r"projects\.list 0\.\d+", capsys.readouterr().out)
        assert (await example("Telemetry()")["main"](plan)).run == "lora"


async def test_lines_of_json(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The formatter of the page prints the fields."""
    caplog.set_level(logging.DEBUG, "bria_async")
    lines = example("logging.Formatter")["Lines"]()
    async with simulator() as sim, Session("any-token", sim.base_url) as bria:
        await bria.projects.list()
    printed = json.loads(lines.format(caplog.records[-1]))
    assert printed.pop("seconds") > 0
    assert printed == {
        "level": "DEBUG",
        "message": "projects.list: attempt 1: 200",
        "operation": "projects.list",
        "attempt": 1,
        "status": 200,
        "reason": "",
    }


def test_fields_of_events() -> None:
    """The page lists them all, and all that can happen."""
    assert set(table("Field of `Event`")) == {*(field.name for field in attrs.fields(Event)), "words"}
    missing = [str(what) for what in (*Happened, *Change) if f"`{what}`" not in PAGE]
    assert not missing, missing


def logged() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a logger in the package, and where it is."""
    for path in sorted((ROOT / "bria_async").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                whose = node.func.value
                if node.func.attr in LEVELS and isinstance(whose, ast.Name) and whose.id in ("log", "_log"):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_record_carries_fields() -> None:
    """Whoever logs gives `extra`, too."""
    found = dict(logged())
    assert len(found) > 15, found.keys()
    without = [where for where, call in found.items() if "extra" not in {each.arg for each in call.keywords}]
    assert not without, without


def test_fields_of_records() -> None:
    """The names that the package gives are those of the page."""
    given: set[str] = set()
    for path in (ROOT / "bria_async").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.keyword(arg="extra", value=ast.Dict(keys=keys)):
                    given |= {ast.literal_eval(key) for key in keys if key}
                case ast.Assign(targets=[ast.Name(id="about" | "fields")], value=ast.Dict(keys=keys)):
                    given |= {ast.literal_eval(key) for key in keys if key}
    named = {*table("Field"), *hooks.fields(Attempt())}
    assert given <= named, given - named
    assert named == set(table("Field"))
