"""The front door: what is imported from `bria_async`, for type checkers and at run time alike."""

import ast
import sys
from importlib import import_module
from pathlib import Path
from subprocess import run

import pytest

import bria_async


def declared() -> dict[str, str]:
    """The names that a type checker sees, and the module of each."""
    tree = ast.parse(Path(bria_async.__file__).read_text())
    found = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level)
    return {alias.name: str(node.module) for node in found for alias in node.names}


def test_both_lists_are_one() -> None:
    """A name that a type checker knows is there at run time, and the other way round."""
    assert declared() == bria_async._HOME
    assert sorted(bria_async.__all__) == dir(bria_async)


@pytest.mark.parametrize("name", bria_async.__all__)
def test_every_name_is_the_one_of_its_home(name: str) -> None:
    """Loaded when it is asked for."""
    assert getattr(bria_async, name) is getattr(import_module(f"bria_async.{declared()[name]}"), name)


@pytest.mark.parametrize("name", ["BriaError", "JobTimedOut", "RateLimited", "Submission", "GeneratedImages"])
def test_errors_and_answers_cost_no_client(name: str) -> None:
    """Whoever only catches or annotates loads neither aiohttp nor Pillow."""
    code = f"import sys, bria_async; bria_async.{name}; assert not {{'aiohttp', 'PIL'}} & set(sys.modules)"
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_other_names_are_not_there() -> None:
    """The message is Python's own."""
    with pytest.raises(AttributeError, match="module 'bria_async' has no attribute 'Bria'"):
        _ = bria_async.Bria
