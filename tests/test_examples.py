"""The examples of the README and of the docs are executed: a page is played from top to bottom against a simulator.

A page is a story: what one block trains, the next one looks at. Python runs in this process: each function whose
parameters are all in `GIVEN` is called, an `app` is served and visited (`VISITED`), and in the end every function of a
block must have run. What is typed runs in a shell. A block whose first line names a file (`# lora.toml`) lies in the
folder under that name, beside pictures and folders of pictures. Above a block that cannot be run stands why
(`<!-- not run: nobody ends it -->`); it is parsed all the same.
"""

import ast
import asyncio
import contextlib
import importlib.util
import inspect
import json
import re
import shutil
import sys
import tomllib
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import attrs
import pytest
from aiohttp import web

from bria_async.cli.app import app
from bria_async.cli.plans import many_of, plan_of
from bria_async.host import Host
from bria_async.sim import Clock, Options
from tests.cli.shell import QUICK, Shell, served
from tests.pages import GOES_ON, PAGES, ROOT, Block, Command, blocks, environment, is_like, terminal
from tests.stories import AFTER, BEFORE, GIVEN, VISITED, Stage
from tests.support import picture

COLOURS = ("teal", "salmon", "gold", "orchid", "olive", "navy")
FOLDERS = ("pictures", "cats", "studio/rooms", "studio/gardens", "rooms", "gardens")
ELSEWHERE = {
    "dashboard.md": "dashboard/test_page.py",
    "observing.md": "test_observing.py",
    "testing.md": "test_testing.py",
    "examples.md": "examples/test_fastapi_suite.py",
}
"""Page -> the test that plays it: what it shows needs a run under way, or a pytest of its own."""
IMAGES = ("cat.png", "chair.png", "room.png", "edges.png", "a.png", "b.png", "c.png", "d.png", "e.png")


@attrs.define
class Hasty(Host):
    """A host that sleeps a hundred times as fast: sessions that the pages open look more often than they say."""

    ahead: ClassVar[float] = 0.0
    """Seconds that were slept and did not pass."""

    def monotonic(self) -> float:
        """The time as if they had."""
        return super().monotonic() + Hasty.ahead

    async def sleep(self, seconds: float) -> None:
        """Sleep a hundredth of it."""
        await super().sleep(seconds / 100)
        Hasty.ahead += max(0.0, seconds) * 99 / 100


# --- how it is played -------------------------------------------------------------------------------------------


def python(block: Block, stage: Stage) -> None:
    """Run a block of Python, and everything that it defines, unless it is a file that is run by what is typed."""
    if block.why or block.file:
        return
    tree = ast.parse(stage.terminal.typed(block.text))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in functions:
        node.body[:0] = ast.parse(f"__ran__.add({node.name!r})").body
    names: dict[str, Any] = {"__name__": "example", "__ran__": set()}
    exec(compile(ast.fix_missing_locations(tree), str(block), "exec"), names)  # noqa: S102  # our own pages
    asyncio.run(perform(names, [node.name for node in functions if node in tree.body], stage, block))
    never = {node.name for node in functions} - names["__ran__"]
    assert not never, f"{block}: nobody runs {never}"


async def perform(names: Mapping[str, Any], functions: list[str], stage: Stage, block: Block) -> None:
    """Call the functions whose parameters can be given, and visit the application."""
    for name in functions:
        wanted = inspect.signature(names[name]).parameters
        if set(wanted) <= GIVEN.keys():
            async with stage.session() as bria:
                given = {each: await settled(GIVEN[each](stage, bria)) for each in wanted}
                stage.returned[name] = await settled(names[name](**given))
    if isinstance(application := names.get("app"), web.Application):
        async with visiting(application) as url, aiohttp.ClientSession() as http:
            await VISITED[block.page.name](stage, http, url)


async def settled(value: Any) -> Any:
    """A value, waited for if it takes its time."""
    return await value if inspect.isawaitable(value) else value


@contextlib.asynccontextmanager
async def visiting(application: web.Application) -> AsyncIterator[str]:
    """Serve an application on a free port of this machine."""
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


def console(block: Block, stage: Stage) -> None:
    """Run what is typed, one command after the other, or only read it."""
    for command in block.commands:
        (parsed if block.why else ran)(command, stage)


def ran(command: Command, stage: Stage) -> None:
    """Run what is typed, without waiting for servers; of what prepares a machine, see that it is there."""
    if stage.terminal.servers:
        hurry(stage.terminal.environment["BRIA_BASE_URL"])
    match command.words:
        case []:
            pass
        case ["make", target, *_]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), command.text
        case ["pip", "install", *packages]:
            known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
            extras = {extra for package in packages for extra in re.findall(r"[\w-]+(?=[],])", package)}
            assert extras <= known.keys(), command.text
        case ["python", "-m", "venv", _] | [".", _]:
            pass
        case ["python", "-m", module, *_] if module.startswith("tests."):
            assert importlib.util.find_spec(module) is not None, command.text
        case ["bria-async", *words] if not (
            command.text.startswith(tuple(GOES_ON)) or {">", "|", "&"}.intersection(words)
        ):
            in_this_process(command, stage)
        case _:
            stage.terminal.run(command)


def hurry(server: str) -> None:
    """Let so much time pass at a simulator that a training which goes on is over."""
    body = json.dumps({"push": 3 * 3600}).encode()
    urllib.request.urlopen(f"{server}/_sim/clock", body).close()  # noqa: S310  # our own


def in_this_process(command: Command, stage: Stage) -> None:
    """Run a command of ours without a process for it."""
    words = Command(stage.terminal.typed(command.text)).words[1:]
    patience = QUICK if words[0] in ("train", "resume") else ()
    ours = {name: value for name, value in stage.terminal.environment.items() if name.startswith("BRIA_")}
    done = Shell(stage.folder, ours).run(*words, *patience)
    stage.terminal.check(command, done.out + done.err, done.code)


def parsed(command: Command, _: Stage) -> None:
    """Read a command of ours as far as its flags and arguments, which must be some that there are."""
    words = command.words
    if words[:1] == ["bria-async"]:
        context = app.make_context("bria-async", words[1:])
        name, found, rest = app.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        found.make_context(name, rest, parent=context)


def toml(block: Block, _: Stage) -> None:
    """Load a plan, or many, as `train --plan` does."""
    assert block.file, f"{block}: its first line is to name the file"
    file = Path(block.file)
    many = many_of(file, None, {})
    for plan in [member.plan for member in many.members] if many else [plan_of(None, file, {})]:
        plan.refuse(plan.problems)


def nothing(block: Block, _: Stage) -> None:
    """What is shown to be read."""
    assert "bria-async " not in block.text or block.page.name == "commands.md", f"{block}: commands are `console`"


PLAYED: Mapping[str, Callable[[Block, Stage], None]] = {
    "python": python,
    "console": console,
    "toml": toml,
    "text": nothing,
    "sql": nothing,
}
"""What a block is -> what is done with it."""


def programs(folder: Path) -> Path:
    """A folder with `python` and `bria-async`, as the reader has them."""
    folder.mkdir()
    for name, start in {"python": sys.executable, "bria-async": f"{sys.executable} -m bria_async"}.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {start} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int, request: pytest.FixtureRequest
) -> Iterator[Stage]:
    """A simulator in which two hours take a third of a second, and a folder with all that pages speak of."""
    here = tmp_path / "here"
    one = here / FOLDERS[0]
    one.mkdir(parents=True)
    for colour in COLOURS:
        (one / f"{colour}.png").write_bytes(picture(colour=colour))
    for folder in FOLDERS[1:]:
        shutil.copytree(one, here / folder)
    for name, colour in zip(IMAGES, 2 * COLOURS, strict=False):
        (here / name).write_bytes(picture(colour=colour))
    with served(Options(url_lifetime=None), Clock(speed=20_000.0)) as sim:
        ours = {"BRIA_API_TOKEN": "simulated", "BRIA_BASE_URL": sim.base_url, "BRIA_STATE": str(tmp_path / "runs")}
        for name, value in ours.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(here)
        for module in ("session", "transport.limit"):  # they keep one time
            monkeypatch.setattr(f"bria_async.{module}.Host", Hasty)
        as_the_reader_has_it = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        shell = {**environment(programs(tmp_path / "bin")), **ours, **as_the_reader_has_it}
        with terminal(here, shell, {"8080": str(unused_tcp_port)}) as opened:
            yield Stage(sim, opened, lambda: request.getfixturevalue("database"))


@pytest.mark.exhaustive
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in ELSEWHERE], ids=lambda page: page.name)
def test_page(page: Path, stage: Stage) -> None:
    """What the page shows can be done as it stands, from top to bottom, and what it prints is what comes."""
    found = blocks(page)
    for block in found:
        if block.file:
            (stage.folder / block.file).write_text(block.text)
    if page.name in BEFORE:
        stage.terminal.instead = {**stage.terminal.instead, **asyncio.run(BEFORE[page.name](stage))}
    for block in found:
        assert block.kind in PLAYED, f"{block}: a block is one of {[*PLAYED]}, not {block.kind!r}"
        PLAYED[block.kind](block, stage)
    typed = " ".join(block.text for block in found if block.kind == "console")
    programs = {block.file for block in found if block.kind == "python" and block.file} - {"conftest.py"}
    never = sorted(program for program in programs if program not in typed)
    assert not never, f"nobody runs {never}"
    if page.name in AFTER:
        asyncio.run(AFTER[page.name](stage))


@pytest.mark.exhaustive
@pytest.mark.timeout(600)
def test_the_page_of_the_benchmarks(stage: Stage) -> None:
    """Its commands do as it says, with one round of little work and three of the questions for all."""
    less = "--rounds 1 --quick"
    stage.terminal.instead = {"--rounds 15": less, "benchmarks all": f"benchmarks get submit decode {less}"}
    for block in blocks(ROOT / "benchmarks" / "README.md"):
        PLAYED[block.kind](block, stage)
    assert json.loads((stage.folder / "out.json").read_text())["questions"].keys() == {"get", "submit", "decode"}


def test_pages_that_are_played_elsewhere_are() -> None:
    """Each of them is there, and so is the test that plays it."""
    assert {page.name for page in PAGES} >= ELSEWHERE.keys()
    missing = [name for name in ELSEWHERE.values() if not (ROOT / "tests" / name).exists()]
    assert not missing, missing


def test_commands_stand_in_blocks() -> None:
    """What is typed is not code by its indent alone, which nobody would run."""
    lines = [(page.name, line) for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    loose = [(name, line) for name, line in lines if re.match(r"(?: {4}|\t)(?:\$ )?bria-async ", line)]
    assert not loose, loose


# --- that it can fail -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```python\nasync def main(bria):\n    await bria.projects.get(12345)\n```\n", "no such|404"),
        ("```python\ndef nobody(knows):\n    return knows\n```\n", "nobody runs"),
        ("```python\n# mine.py\nprint(1)\n```\n", "nobody runs"),
        ("```console\nbria-async train nowhere --ip-type icons --ip-medium illustration\n```\n", "nowhere"),
        ("```console\nbria-async simulate --no-such-flag\n```\n", r"--no-such-flag.*\(2\)"),
        ("```console\n$ bria-async runs\neverything is well\n```\n", "but the page shows"),
        ("<!-- not run: so -->\n```console\nbria-async train --no-such-flag\n```\n", "no-such-flag"),
        ('```toml\n# a.toml\nimages = "cats"\nname = "Cats"\nip_type = "icon"\n```\n', "icon"),
        ('```console\npip install "bria-async[cli,magic]"\n```\n', "magic"),
        ("```console\nmake coffee\n```\n", "coffee"),
        ("```\nbria-async runs\n```\n", "a block is one of"),
    ],
)
def test_a_wrong_page(text: str, problem: str, stage: Stage, tmp_path: Path) -> None:
    """Each way to be wrong fails the page, and says what is wrong."""
    page = tmp_path / "wrong.md"
    page.write_text(text)
    with pytest.raises(Exception) as raised:  # noqa: PT011  # whatever it is, it says so
        test_page(page, stage)
    assert re.search(problem, repr(raised.value)), raised.value


@pytest.mark.parametrize(
    ("output", "shown", "like"),
    [
        ("10:00:01  project 1\nin 12 s", "23:59:59  project 1\nin 7 s", True),
        ("a\nb\nc", "a\n...\nc", True),
        ("a\nb\nc", "a\n...\nd", False),
        ("project 1", "project 2", False),
    ],
)
def test_what_output_is_like(output: str, shown: str, like: bool) -> None:
    """Times and seconds may differ, dots are anything, and all else is as it is shown."""
    assert is_like(output, shown) is like
