"""Paths as people type them: `~` and `~name` are home folders, and one that nobody has is told in words."""

import os
from pathlib import Path

import pytest

from bria_async.errors import ConfigurationError
from bria_async.images import inspect
from bria_async.images.mending import target_of
from bria_async.paths import expanded
from bria_async.training import Plan
from bria_async.training.earlier import images_of_last_run
from bria_async.training.place import default_state

NOBODY = "~nobody-of-this-name/cats"
TOLD = f"^{NOBODY} cannot be used: there is no such home folder"


def test_a_home_folder_is_put_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One's own; a path without it stays as it is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/cats") == tmp_path / "cats"
    assert expanded("a/~b") == Path("a/~b")


@pytest.mark.parametrize("name", [NOBODY, "~a\0b/cats", "~\udcff/cats"])
def test_a_home_folder_that_nobody_has(name: str) -> None:
    """Nor can have: the error names the path."""
    with pytest.raises(ConfigurationError, match="there is no such home folder") as refused:
        expanded(name)
    assert refused.value.message.startswith(name)


async def test_wherever_a_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a plan, to be looked at, for copies, for what was there before, and for the runs themselves."""
    with pytest.raises(ConfigurationError, match=TOLD):
        Plan(images=Path(NOBODY), name="cats")
    with pytest.raises(ConfigurationError, match=TOLD):
        await inspect(NOBODY)
    with pytest.raises(ConfigurationError, match=TOLD):
        target_of(NOBODY, tmp_path, "white")
    with pytest.raises(ConfigurationError, match=TOLD):
        images_of_last_run(Path(NOBODY), tmp_path)
    monkeypatch.setenv("BRIA_STATE", NOBODY)
    with pytest.raises(ConfigurationError, match=TOLD):
        default_state()


def test_who_has_no_home_folder_is_told_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container's user whom its system does not know."""
    for name in ("HOME", "BRIA_STATE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    with pytest.raises(ConfigurationError, match=r"no home folder .*--state, or in BRIA_STATE"):
        default_state()
