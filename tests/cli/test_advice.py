"""Advice is typed on the command line as it is said there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bria_async import errors
from bria_async.cli import advice
from bria_async.cli.advice import typed
from bria_async.cli.app import app
from bria_async.dashboard.facts import START_A_WORKER
from tests.cli.shell import Shell

PACKAGE = Path(errors.__file__).parents[1]
SPEAKING = ("errors", "wire", "transport", "api", "types")
"""Floors whose messages reach the command line."""
PYTHON = re.compile(r"Session\(\w|\bPath\(|=True|=False|jobs\.wait|as bytes")


def said(source: str) -> Iterator[str]:
    """The texts of a module that are no docstrings, those of f-strings in one piece."""
    tree = ast.parse(source)
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values}
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value


def test_no_message_tells_to_write_python() -> None:
    """Whatever the library says in Python has its words here."""
    files = [file for floor in SPEAKING for file in (PACKAGE / floor).rglob("*.py")]
    spoken = [text for file in files for text in said(file.read_text()) if PYTHON.search(text)]
    assert len(spoken) > 5, "the search finds them"
    assert [text for text in spoken if PYTHON.search(typed(text))] == []


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("give a file as pathlib.Path(...)", "give a file as @FILE"),
        ("wait again with jobs.wait('r1').", "wait again with bria-async wait r1."),
        ("It can be waited for again with jobs.wait.", "It can be waited for again with bria-async wait."),
        ("Nothing was sent. Session(strict=False) sends values as given.", "Nothing was sent."),
        (
            "Lower the rate (Session(requests_per_minute=...)) or wait.",
            "Lower the rate (--requests-per-minute) or wait.",
        ),
    ],
)
def test_python_becomes_what_is_typed(said: str, meant: str) -> None:
    """Constructors become flags, methods commands, paths @FILE."""
    assert typed(said) == meant


def test_a_missing_token_names_the_flag(lone: Shell) -> None:
    """The first error that everybody meets speaks of the command line."""
    refused = lone.but(BRIA_API_TOKEN="").run("call", "projects.list")
    assert (refused.code, refused.err) == (2, "There is no API token. Set BRIA_API_TOKEN or pass --token-file.\n")


def test_flags_are_carried_once() -> None:
    """A command gets the flags that it knows, one that has nothing but flags too, however often it is typed."""
    with click.Context(app) as context:
        context.meta[advice.__name__] = {"--state": "my runs", "--base-url": "http://here"}
        for said, meant in (
            ("bria-async show cats", "bria-async show --state 'my runs' cats"),
            ("bria-async report studio/cats", "bria-async report --state 'my runs' studio/cats"),
            ("bria-async show --state '/its \"own' cats", "bria-async show --state '/its \"own' cats"),
            ("bria-async resume --state /a cats", "bria-async resume --base-url http://here --state /a cats"),
            (START_A_WORKER, "bria-async worker --state 'my runs' --base-url http://here --engine dbos"),
        ):
            assert typed(typed(said)) == typed(said) == meant
