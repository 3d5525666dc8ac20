"""What a person at a terminal sees: bars, tables at the width of the screen, colours, and what Ctrl-C leaves."""

from pathlib import Path

import pytest

from bria_async.sim import Simulator
from tests.cli.shell import ICONS, QUICK, Shell
from tests.cli.terminal import CTRL_C, terminal
from tests.images.files import encoded, jpeg, picture, write

SLOWLY = ("--requests-per-minute", "120")
"""Half a second between two uploads."""
MANY = 200
RED = "31"


@pytest.fixture
def alone(tmp_path: Path) -> Shell:
    """A shell without a server and a token."""
    return Shell(tmp_path, {"BRIA_STATE": str(tmp_path / "runs")})


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Images with a finding of each level, one of whose names is long."""
    folder = tmp_path / "Odd"
    for seed in range(5):
        jpeg(folder / f"good-{seed}.jpg", seed)
    write(folder / "again.jpg", (folder / "good-1.jpg").read_bytes())
    write(folder / "cut.jpg", b"\xff\xd8\xff")
    write(
        folder / "a picture of a small cat that sits on a very long wall.png", encoded(picture(size=(700, 600)), "PNG")
    )
    write(folder / "good-2.txt", b" ")
    return folder


CODES = ("damaged", "duplicate", "small", "caption-empty", "caption-missing", "aspects", "time")


def test_a_bar_tells_how_far_the_look_is(alone: Shell, tmp_path: Path) -> None:
    """It counts to the last file, is painted in place, and is gone when the table is there."""
    for number in range(MANY):
        jpeg(tmp_path / "Many" / f"{number:03d}.jpg", number, (256, 256))
    with terminal(alone, "inspect", "Many", "--html", "sheet.html") as seen:
        seen.until(rf"looking\s.*\b\d+/{MANY}")
        seen.until(rf"thumbnails\s.*\b\d+/{MANY}")
        code, shown = seen.end()
    assert (code, seen.screen.cursor) == (0, True), shown
    assert "looking" not in shown and "thumbnails" not in shown, shown
    assert shown.splitlines()[0].split()[:2] == ["level", "finding"], "nothing is left above the table"
    assert f"{MANY} images of" in shown


@pytest.mark.parametrize("columns", [80, 40])
def test_findings_fit_the_screen(alone: Shell, odd: Path, columns: int) -> None:
    """Whatever its width, no line of the table is broken by the terminal, and no code by the table."""
    with terminal(alone, "inspect", odd.name, columns=columns) as seen:
        code, shown = seen.end()
    assert (code, RED in seen.screen.colours) == (1, True), shown
    table = shown.partition("6 images of")[0].splitlines()
    assert not set(table) & set(seen.screen.wrapped), shown
    missing = [code for code in CODES if not any(code in line.split() for line in shown.splitlines())]
    assert not missing, f"{missing} in:\n{shown}"


def test_colours_are_off_where_somebody_says_so(alone: Shell, odd: Path) -> None:
    """NO_COLOR leaves the table; a pipe has no codes at all."""
    with terminal(alone, "inspect", odd.name, NO_COLOR="1") as seen:
        _, shown = seen.end()
    assert ("damaged" in shown, seen.screen.colours) == (True, set()), shown
    with alone.start("inspect", odd.name) as running:
        piped = running.end()
    assert "\x1b" not in piped.out + piped.err


def test_a_training_is_painted_in_place(shell: Shell, pictures: Path) -> None:
    """Each step has one line, whatever was painted before, and the last words are the next command."""
    with terminal(shell, "train", pictures, *ICONS, *QUICK, "--sample", "a cat") as seen:
        code, shown = seen.end()
    assert (code, seen.screen.cursor) == (0, True), shown
    lines = [line.split() for line in shown.splitlines()]
    assert len([line for line in lines if line[:2] == ["✔", "upload"]]) == 1, shown
    assert "6 of 6" in shown and "cats is trained" in shown, shown
    assert shown.rstrip().splitlines()[-1].startswith("next: bria-async generate"), shown


def test_ctrl_c_during_uploads_says_what_is_safe(slow_shell: Shell, slow: Simulator, pictures: Path) -> None:
    """The terminal sends the signal; requests may finish, then the command to go on with is the last line."""
    with terminal(slow_shell, "train", pictures, *ICONS, *QUICK, *SLOWLY) as seen:
        seen.until(r"upload .*[1-5] of 6")
        seen.type(CTRL_C)
        seen.until("Once more to stop at once")
        code, shown = seen.end()
    assert (code, seen.screen.cursor) == (130, True), shown
    last = shown.rstrip().splitlines()
    assert last[-2].endswith("Interrupted. Everything done so far is safe. Continue with:"), shown
    assert last[-1].split() == ["bria-async", "resume", "cats"], shown
    assert 0 < slow.counts["images.upload"] < 6, "it stopped between uploads"
    slow.clock.push(3 * 3600)


@pytest.mark.parametrize("columns", [80, 40])
def test_ctrl_c_while_the_training_runs(columns: int, slow_shell: Shell, slow: Simulator, pictures: Path) -> None:
    """Where the table is as wide as the screen, too, marks and steps are whole, and what is typed shifts no line."""
    with terminal(slow_shell, "train", pictures, *ICONS, *QUICK, columns=columns) as seen:
        painted = seen.until("since its start")
        seen.type(CTRL_C)
        code, shown = seen.end()
    assert all(f"✔ {step}" in painted for step in ("refinement", "captions", "training")), painted
    assert ("documented are 2 to 6 hours" in painted) == (columns == 80), painted
    assert (code, seen.screen.cursor) == (130, True), shown
    assert len([line for line in shown.splitlines() if line.startswith("cats  ")]) == 1, shown
    assert "bria-async resume cats" in shown, shown
    slow.clock.push(3 * 3600)


def test_a_terminal_that_cannot_be_painted_gets_lines(shell: Shell, pictures: Path) -> None:
    """As a pipe does: each is told when it happens, and none is code."""
    with terminal(shell, "train", pictures, *ICONS, *QUICK, TERM="dumb") as seen:
        code, shown = seen.end()
    assert code == 0, shown
    assert "upload 6 of 6" in shown and "✔" not in shown, shown
