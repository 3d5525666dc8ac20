"""What docs/dashboard.md shows can be done as it stands."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestClient, TestServer

from tests.cli.shell import Shell
from tests.pages import ROOT, Block, blocks

PAGE = ROOT / "docs" / "dashboard.md"


def ran(name: str, folder: Path) -> dict[str, Any]:
    """The names of the file of this name that the page shows."""
    (block,) = [each for each in blocks(PAGE) if each.file == name]
    path = folder / name
    path.write_text(block.text)
    return runpy.run_path(str(path))


def typed(block: Block) -> list[str]:
    """The words of the one command of a block, after the program's name."""
    (line,) = [line for line in block.text.splitlines() if line.startswith("$ ")]
    return line.split()[2:]


def test_commands(tmp_path: Path) -> None:
    """Each serves until it is ended, and prints the address with the key."""
    commands = [typed(block) for block in blocks(PAGE) if block.kind == "console"]
    assert commands == [["dashboard"], ["dashboard", "--control"]], commands
    for words in commands:
        with Shell(tmp_path, {"BRIA_STATE": str(tmp_path)}).start(*words, "--port", "0") as running:
            assert "/?key=" in running.until("http://127.0.0.1:")


async def test_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application answers below its prefix, and its links and files are there, too."""
    monkeypatch.setenv("BRIA_STATE", str(tmp_path))
    made = ran("studio.py", tmp_path)["application"]()
    async with TestClient(TestServer(made)) as client:
        answer = await client.get("/runs/")
        text = await answer.text()
        assert (answer.status, 'href="/runs/static/style.css"' in text, 'href="/runs/compare"' in text) == (
            200,
            True,
            True,
        )
        assert (await client.get("/runs/static/style.css")).status == 200
        assert (await client.get("/runs/compare")).status == 200


async def test_beside_an_asgi_application(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is there while the application lives, and gone afterwards; its key is printed, and in no log."""
    monkeypatch.setenv("BRIA_STATE", str(tmp_path))
    caplog.set_level(0)
    lifespan = ran("lifespan.py", tmp_path)["lifespan"]
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        async with lifespan(None):
            (address,) = re.findall(r"http://\S+\?key=\S+", capsys.readouterr().err)
            async with session.get(address) as answer:
                assert (answer.status, "<h1>Runs</h1>" in await answer.text()) == (200, True)
        with pytest.raises(OSError, match="Cannot connect"):
            await session.get(address)
    assert "key=" not in caplog.text
