"""Tables of the documentation are what the code says; `python -m tests.test_docs` writes them anew."""

import inspect
import re
from pathlib import Path

import click

from bria_async.cli.app import COMMANDS, app
from bria_async.graph.states import TRANSITIONS
from bria_async.session import FAMILIES
from bria_async.wire import Endpoint, Parameter

README = Path(__file__).parent.parent / "README.md"
DOCS = README.parent / "docs"
WIDTH = 120
"""Columns of the page of commands."""


def operations() -> str:
    """The page of all operations, from their declarations."""
    lines = [
        "# Operations",
        "",
        "Written from the declarations by `python -m tests.test_docs`. `bria-async call OPERATION` takes each of them.",
        "Parameters in bold are required. Effects: see [runs.md](runs.md#steps).",
    ]
    for family, kind in FAMILIES.items():
        lines += ["", f"## {family}", "", inspect.getdoc(kind) or "", ""]
        lines += ["| Operation | Request | Effect | Parameters |", "|---|---|---|---|"]
        lines += [row(endpoint) for endpoint in kind.endpoints.values()]
    return "\n".join(lines) + "\n"


def commands() -> str:
    """The page of all commands: what `--help` says of each, word for word."""
    lines = [
        "# Commands",
        "",
        "What `bria-async --help` and `bria-async COMMAND --help` print, written by `python -m tests.test_docs`.",
        "What commands show, how values are given and plans are kept in files: [cli.md](cli.md).",
        *_help("bria-async", click.Context(app, info_name="bria-async", max_content_width=WIDTH)),
    ]
    for name in sorted(COMMANDS):
        command = app.commands[name]
        context = click.Context(command, info_name=f"bria-async {name}", max_content_width=WIDTH)
        lines += _help(name, context)
    return "\n".join(lines) + "\n"


def _help(title: str, context: click.Context) -> list[str]:
    context.terminal_width = WIDTH  # as on a terminal that is so wide, whatever this one is
    return ["", f"## {title}", "", "```text", *context.command.get_help(context).splitlines(), "```"]


def families() -> str:
    """The table of families in the README, from their classes."""
    lines = ["| Family | Operations | What it is for |", "|---|---|---|"]
    for family, kind in FAMILIES.items():
        purpose = (inspect.getdoc(kind) or "").splitlines()[0]
        lines.append(f"| [`{family}`](docs/operations.md#{family}) | {len(kind.endpoints)} | {purpose} |")
    total = sum(len(kind.endpoints) for kind in FAMILIES.values())
    return "\n".join([*lines, f"| all | {total} | |"]) + "\n"


def row(endpoint: Endpoint) -> str:
    names = ", ".join(map(shown, endpoint.parameters))
    return f"| `{endpoint.operation}` | `{endpoint.method} {endpoint.path}` | {endpoint.effect} | {names} |"


def shown(parameter: Parameter) -> str:
    return f"**{parameter.name}**" if parameter.required else parameter.name


def test_operations_page() -> None:
    """`docs/operations.md` lists every declared operation with its parameters."""
    written = (DOCS / "operations.md").read_text()
    assert written == operations(), "run: python -m tests.test_docs"


def test_commands_page() -> None:
    """`docs/commands.md` says of each command what `--help` says."""
    written = (DOCS / "commands.md").read_text()
    assert written == commands(), "run: python -m tests.test_docs"


def test_families_in_the_readme() -> None:
    """The README shows every family with its count and its purpose."""
    assert families() in README.read_text(), "run: python -m tests.test_docs"


def test_states_table() -> None:
    """`docs/runs.md` shows the table of states as it is."""
    text = (DOCS / "runs.md").read_text()
    missing = [
        line
        for (before, change), after in TRANSITIONS.items()
        if (line := f"| {before} | {change} | {after} |") not in text
    ]
    assert not missing, missing


def test_listings_to_look_into() -> None:
    """`docs/errors.md` says for every findable operation where to look."""
    text = (DOCS / "errors.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    for family in FAMILIES.values():
        for endpoint in family.endpoints.values():
            where, comma, by = endpoint.look.partition(",")
            said = f"| `{where}`{comma}{by} |"
            assert not endpoint.look or any(f"`{endpoint.operation}`" in row and said in row for row in rows), said


if __name__ == "__main__":
    (DOCS / "operations.md").write_text(operations())
    (DOCS / "commands.md").write_text(commands())
    README.write_text(
        re.sub(r"\| Family \|.*?\| all \|[^\n]*\n", lambda _: families(), README.read_text(), flags=re.DOTALL)
    )
