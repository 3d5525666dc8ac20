"""The command line and what it leaves on the disk: no token, and no signature that a server repeats."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import pytest
from aiohttp import web

from bria_async.cli.app import app
from bria_async.sim import Clock, Options, Simulator
from tests.cli.shell import ICONS, QUICK, Result, Shell, served
from tests.support import Recorder, picture

CANARY = "canary-5ca1ab1e-c0ffee"
QUERY = "s3cret-signature"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of five images."""
    folder = tmp_path / "Cats"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.png").write_bytes(picture(colour=(40 * number, 9, 9)))
    return folder


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A simulator that takes no other token, in which two hours take a third of a second."""
    with served(Options(token=CANARY), Clock(speed=20_000)) as running:
        yield running


def assert_clean(text: str | bytes, *secrets: str) -> None:
    """None of the secrets is in it."""
    plain = text.encode() if isinstance(text, str) else text
    for secret in secrets:
        assert secret.encode() not in plain, f"{secret} shows in {plain[:2000]!r}"


def test_a_run_leaves_no_token_behind(sim: Simulator, pictures: Path, tmp_path: Path) -> None:
    """Not in its journal, its samples or its control folder, nor in what any command prints of it."""
    secret = tmp_path / "token"
    secret.write_text(CANARY)
    secret.chmod(0o600)
    shell = Shell.on(sim, tmp_path).but(
        BRIA_API_TOKEN="", BRIA_ZIP_PUT_URL=f"{sim.base_url}/_sim/files/a.zip?sig={QUERY}"
    )
    flag = ("--token-file", secret)
    bulk = ("--upload", "zip", "--zip-url", f"{sim.base_url}/_sim/files/a.zip")
    done = [
        shell.train(pictures, *ICONS, *flag, "--sample", "a cat", "--json"),
        shell.train(pictures, *ICONS, *flag, *bulk, "--name", "zipped"),
    ]
    assert [result.code for result in done] == [0, 0], [result.err for result in done]
    model = done[0].events[-1]["model_id"]
    done += [
        shell.run("runs", "--json"),
        shell.run("show", "cats", "--json"),
        shell.run("watch", "zipped", "--json"),
        shell.run("verify", "cats", *flag),
        shell.run("call", "models.get", f"model_id={model}", *flag),
        shell.run("generate", model, "a cat", *flag),
        shell.run("call", "models.get", "model_id=77", *flag),
        shell.run("resume", "cats", *flag, "--base-url", "http://127.0.0.1:9"),
    ]
    for result in done:
        assert_clean(result.out + result.err, CANARY, QUERY)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path != secret]
    assert any(path.name == "journal.db" for path in left)
    assert any(path.suffix == ".png" and path.parent.name == "samples" for path in left)
    for path in left:
        assert_clean(path.read_bytes(), CANARY, QUERY)


COMMANDS: list[tuple[str, ...]] = [
    ("call", "projects.list"),
    ("call", "projects.create", "project_name=x", "ip_type=other", "ip_medium=photography"),
    ("call", "generation.generate", "prompt=a cat", "wait=true"),
    ("generate", "7", "a cat"),
    ("train", "Cats", *ICONS, *QUICK, "--json"),
    ("train", "Cats", *ICONS, *QUICK),
]


@pytest.mark.parametrize("status", [401, 500])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
async def test_no_command_prints_or_keeps_what_a_server_repeats(
    command: tuple[str, ...], status: int, server: Recorder, pictures: Path, tmp_path: Path
) -> None:
    """Neither on its output nor in the journal: a refusal's own words are cut down to what may be shown."""
    said = f"Invalid token {CANARY} ({quote(CANARY)}) for https://u:{QUERY}@h/p?key={QUERY}"
    body: dict[str, Any] = {"error": {"message": said, "details": said, "code": 1}, "message": said}
    server.answer = lambda _: web.Response(status=status, text=json.dumps(body), content_type="application/json")
    assert pictures.is_dir()
    shell = Shell(
        tmp_path, {"BRIA_BASE_URL": server.base_url, "BRIA_API_TOKEN": CANARY, "BRIA_STATE": str(tmp_path / "runs")}
    )

    def ends() -> Result:
        with shell.start(*command, *(() if "--attempts" in command else ("--attempts", "1"))) as running:
            return running.end()

    result = await asyncio.to_thread(ends)
    assert result.code != 0
    assert "Invalid token ***" in result.out + result.err or status == 500, "the words themselves are told"
    assert_clean(result.out + result.err, CANARY, QUERY)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert_clean(path.read_bytes(), CANARY, QUERY)


def test_no_command_takes_a_token_as_an_argument() -> None:
    """Whoever lists processes reads arguments."""
    flags = [flag for command in app.commands.values() for flag in command.get_params(click.Context(command))]
    taking = {name for flag in flags for name in flag.opts if "token" in name}
    assert taking == {"--token-file", "--token-env"}
