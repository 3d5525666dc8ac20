"""What importing the library costs: whatever a program does not use is not loaded."""

import os
import sys
from subprocess import run

import pytest

from bria_async.session import FAMILIES, Session
from tests.support import TOKEN

SESSION = f"from bria_async import Session; bria = Session({TOKEN!r})"


def loaded(code: str) -> set[str]:
    """The modules that a new interpreter has loaded for this code, beyond those that it begins with."""
    program = f"import sys; bare = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - bare))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    return set(done.stdout.split())


def families(modules: set[str]) -> set[str]:
    """The families that are loaded."""
    return {name for name in FAMILIES if f"bria_async.api.{name}" in modules}


def test_the_package_alone_loads_nothing() -> None:
    """Whoever imports the package has imported its names, and no module of anybody else."""
    assert loaded("import bria_async") <= {"bria_async", "__future__"}


@pytest.mark.parametrize("code", ["from bria_async import Session", SESSION, f"{SESSION}; bria.projects, dir(bria)"])
def test_a_session_that_is_not_open_loads_no_client(code: str) -> None:
    """Neither aiohttp nor Pillow is loaded before a session opens or an image is looked at."""
    assert not {"aiohttp", "PIL", "click", "sqlite3"} & loaded(code)


def test_a_session_loads_no_family_and_no_converter() -> None:
    """Signatures and answers are read when a family is used."""
    modules = loaded(SESSION)
    assert families(modules) == set()
    assert not {"cattrs", "bria_async.wire.convert"} & modules


def test_a_family_is_loaded_when_it_is_used() -> None:
    """And those that are not used are not."""
    assert families(loaded(f"{SESSION}; bria.projects.list")) == {"projects"}


def test_training_loads_no_client() -> None:
    """Nor does what trains, before it does."""
    assert not {"aiohttp", "PIL"} & loaded("from bria_async import train")


def test_looking_at_images_loads_neither_client_nor_pillow() -> None:
    """Pillow is an extra, and loaded when an image is looked at."""
    assert not {"aiohttp", "PIL", "jinja2"} & loaded("import bria_async.images")
    assert not {"aiohttp", "PIL", "jinja2"} & loaded("from bria_async.images import Inspection, inspect, mend")


def test_a_session_has_its_families_and_no_other_names() -> None:
    """A family is one object for as long as its session is, and what is misspelt is an error of Python's own kind."""
    bria = Session(TOKEN)
    assert bria.projects is bria.projects
    assert set(FAMILIES) <= set(dir(bria))
    with pytest.raises(AttributeError, match="'Session' object has no attribute 'project'"):
        _ = bria.project  # type: ignore[attr-defined]  # that is the point
