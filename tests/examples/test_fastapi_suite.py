"""The test suite of the FastAPI application passes, as its users run it."""

import os
import sys
from pathlib import Path
from subprocess import run

import pytest

SUITE = Path(__file__).parents[2] / "examples" / "fastapi_app"


def test_suite() -> None:
    """In a process of its own, with its own configuration, and not one test is left out."""
    for needed in ("fastapi", "httpx2", "uvicorn"):
        pytest.importorskip(needed, reason=f"{needed} is not installed (extra dev)")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(SUITE)]
    done = run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    tests = (SUITE / "test_app.py").read_text().count("def test_")
    assert f"{tests} passed" in done.stdout, done.stdout
