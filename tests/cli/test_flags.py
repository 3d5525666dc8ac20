"""Flags, help, and what the command line loads."""

import subprocess
import sys
import tomllib
from pathlib import Path

import attrs
import click
import pytest
from click.testing import CliRunner

from bria_async.cli.app import COMMANDS, app
from bria_async.cli.exits import Exit, exit_of
from bria_async.cli.flags import PLAN_HELP, how_flags, plan_flags
from bria_async.cli.plans import plan_of
from bria_async.errors import (
    BriaError,
    Conflict,
    JobFailed,
    JobTimedOut,
    JournalLocked,
    OutcomeUnknown,
    PlanInvalid,
    RunCancelled,
    RunFailed,
)
from bria_async.training import Expert, Plan


def test_every_field_of_a_plan_has_its_flag() -> None:
    """`train` offers each field of the plan, and `resume` those that may change."""
    fields = {field.name for field in attrs.fields(Plan)} - {"images"}
    assert {flag.name for flag in plan_flags()} == fields == set(PLAN_HELP), "flags, fields and their help"
    how = {field.name for field in attrs.fields(Plan) if field.metadata.get("how")}
    assert {flag.name for flag in how_flags()} == how, "what may change"


def test_help_states_choices_and_exit_codes() -> None:
    """`--help` lists the exit codes, `train --help` the words that the API knows."""
    top = CliRunner().invoke(app, ["--help"])
    assert all(f"{code:>5}  {code.words}" in top.output for code in Exit), top.output
    train = CliRunner().invoke(app, ["train", "--help"])
    assert "[fibo|legacy|2024]" in train.output, train.output
    assert "--review / --no-review" in train.output, train.output
    assert "--zip-put-url " not in train.output, "a secret is no argument"


def test_flags_make_the_plan() -> None:
    """Values get the types of their fields, and what is not given is left to the plan."""
    given = {
        "samples": ("a cat", "a dog"),
        "expert": ("rank=8", "learning-rate=0.0001"),
        "training_mode": "expert",
        "increase_resolution": False,
        "sample_seed": 7,
        "family": None,
    }
    plan = plan_of("some/Cats", None, given)
    assert (plan.name, plan.family, plan.samples) == ("Cats", "fibo", ("a cat", "a dog")), plan
    assert plan.expert == Expert(rank=8, learning_rate=0.0001), plan
    assert plan.increase_resolution is False, plan


@pytest.mark.parametrize(
    "text", ["images = 3", "nothing = 1\nimages = 'a'", "images = ", "images = 'a'\nreview = 'yes'"]
)
def test_a_plan_file_that_cannot_be_read_is_one_error(text: str, tmp_path: Path) -> None:
    """Broken TOML, unknown fields and wrong types are all `PlanInvalid`."""
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(PlanInvalid):
        plan_of(None, file, {"name": "A"})


def test_an_expert_parameter_is_a_pair() -> None:
    """A parameter without a value is wrong usage."""
    with pytest.raises(click.BadParameter, match="KEY=VALUE"):
        plan_of("Cats", None, {"expert": ("rank",)})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PlanInvalid("no"), Exit.USAGE),
        (RunFailed("no", "a"), Exit.FAILED),
        (RunCancelled("no", "a"), Exit.PAUSED),
        (JournalLocked("no"), Exit.JOURNAL),
        (Conflict("no", "projects.create"), Exit.REQUEST),
        (JobTimedOut("no", "id"), Exit.PAUSED),
        (JobFailed("no", "id"), Exit.REQUEST),
        (OutcomeUnknown("no", "tailored.generate"), Exit.UNKNOWN),
        (OutcomeUnknown("no", "models.get", (), "safe"), Exit.REQUEST),
        (BriaError("no"), Exit.FAILED),
    ],
)
def test_every_error_has_an_exit_code(error: BriaError, code: Exit) -> None:
    """The table decides, and a lost answer counts only where the call had an effect."""
    assert exit_of(error) is code, error


def test_help_loads_nothing_slow() -> None:
    """`bria-async --help` imports neither aiohttp nor asyncio, and none of the commands that it lists."""
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom bria_async.cli.app import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print({'aiohttp', 'PIL', 'rich', 'asyncio', 'attrs', 'bria_async.errors', 'bria_async.cli.train'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()", done.stdout


def test_help_says_of_a_command_what_it_says_of_itself() -> None:
    """The list of commands is written down apart from them, and is the same; each is found by its name."""
    for name, (_, words) in COMMANDS.items():
        command = app.commands[name]
        assert (command.name, " ".join((command.help or "").partition("\n\n")[0].split())) == (name, words)
    assert app.list_commands(click.Context(app)) == sorted(COMMANDS)


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_one_sentence_names_it(missing: str) -> None:
    """Without click or rich the command says what to install, and exits with 2."""
    program = f"import sys\nsys.modules[{missing!r}] = None\nfrom bria_async.cli.__main__ import main\nmain()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, 'pip install "bria-async[cli]"' in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr, done.stderr


def test_the_documentation_states_every_command_and_exit_code() -> None:
    """`docs/cli.md` lists what the command line has, and its plan is one."""
    text = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    assert [name for name in app.commands if f"| `{name}" not in text] == [], "commands"
    words = {code: code.words.replace("verify", "`verify`").replace("inspect", "`inspect`") for code in Exit}
    assert [code for code in Exit if f"| {code} | {words[code]} |" not in text] == []
    plan = Plan.of(tomllib.loads(text.partition("```toml\n")[2].partition("```")[0]))
    assert plan.expert == Expert(rank=64, total_training_steps=1000), plan
