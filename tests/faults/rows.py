"""The faults that the library is made for, and the tests that show what happens then.

A test names its rows by `@pytest.mark.fault("N5")`; `python -m tests.faults` collects the marks and writes
`tests/faults.md`.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs
import pytest

TESTS = Path(__file__).parents[1]
TABLE = TESTS / "faults.md"

INVARIANTS: Mapping[str, str] = {
    "I1": "no loss: what is shown as uploaded is on the server, byte for byte",
    "I2": "no duplicate: one server image per content",
    "I3": "no double spend: nothing that creates or bills is accepted twice for one intent",
    "I4": "it ends: done, failed or paused, in bounded attempts and time",
    "I5": "durable order: the intent is on disk before the request, the outcome before anything depends on it",
    "I6": "secret: the token is nowhere but in requests to its origin",
    "I7": "bounded: memory, disk, time and open files, whatever a server or a file does",
    "I8": "hands off: the user's files stay as they are, and nothing is written elsewhere",
    "I9": "clean stop: what is on its way is awaited or cut, and the way to go on is printed",
    "I10": "truth: every face of a run shows the same, and it is so on the server",
}

_FAULTS = """
N1 I4 I10: connections refused, server down
N2 I4: host name not resolved
N3 I4 I6: certificate untrusted, expired, of another host; no TLS at all
N4 I1 I2: reset in the middle of a body
N5 I2 I3: answer lost after the effect
N6 I3: the same, for project, dataset and model
N7 I3: the same, for the start of a training
N8 I3: the same, for the one bulk upload of a dataset
N9 I3 I10: the same, for a generation
N10 I1 I4: answers that cannot be read, odd fields, unknown words
N11 I4 I7: slow headers, slow bodies, stalled uploads
N12 I4: 429 with any `Retry-After`, also for polls
N13 I2 I4: 5xx, in bursts and for good
N14 I4 I6: 401 or 403 in mid-run
N15 I10: 409, 412, 415, 422: refusals for one image, and for the whole dataset
N16 I2 I8: hostile and colliding file names
N17 I4: training that fails, stops, stalls, goes back, or whose model is gone
N18 I7 I10: results that are empty, late, expired, of another type, or huge
N19 I6: redirects
N20 I7: bombs: compressed, endless, deep, many headers, huge numbers
N21 I8: names given by a server that lead out of the folder
N22 I6: addresses given by a server that lead into the own network
N23 I3: webhooks forged, replayed, late, out of order, twice
P1 I1 I2 I3 I4 I5: SIGKILL at every write, rename and request
P2 I4: SIGKILL during a resume, again and again
P3 I9: SIGTERM and Ctrl-C, once and twice, in each phase
P4 I7: no memory, no threads, a fork in the host application
P5 I3 I9: cancelled by the host application
P6 I2 I3: two processes on one run
P7 I4: clocks that jump, machines that sleep
P8 I5: journals of older and newer versions
D1 I4 I5: full disk
D2 I5: disk that fails
D3 I1 I3 I10: journal torn, cut short, with flipped bits
D4 I5: rename or folder not on the disk
D5 I8: run folder gone, read-only, or swapped for a link
F1 I10: files that are no image, or half of one
F2 I10: wrong extension
F3 I10: sides too small, odd shapes
F4 I8: files too large
F5 I7: decompression bombs
F6 I10: rotation, CMYK, 16 bit, palettes, alpha, animation
F7 I4 I8: links in circles, pipes, folders, sockets, devices, no permission
F8 I1: files that change or vanish meanwhile
F9 I7: very many files, deep folders, one file under many names, a mount that vanishes
F10 I6: a script behind an image
S1 I6: markup in names, captions, prompts and messages
S2 I6: other pages, names and people that reach for a dashboard
"""


@attrs.frozen
class Row:
    """One fault: its number, the invariants that it puts to the test, and what it is."""

    number: str
    invariants: tuple[str, ...]
    fault: str


def _rows() -> dict[str, Row]:
    found = (re.fullmatch(r"(\w+) ([I\d ]+): (.+)", line) for line in _FAULTS.strip().splitlines())
    return {match[1]: Row(match[1], tuple(match[2].split()), match[3]) for match in found if match}


ROWS = _rows()


@attrs.define
class Marks:
    """A pytest plugin that collects which test is marked with which rows."""

    tests: dict[str, set[str]] = attrs.field(factory=lambda: {number: set() for number in ROWS})

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the marks of all items; parameters do not matter."""
        for item in session.items:
            name = item.nodeid.partition("[")[0]
            for mark in item.iter_markers("fault"):
                for number in mark.args:
                    if number not in ROWS:
                        raise pytest.UsageError(f"{name} is marked with {number!r}, which is no fault")
                    self.tests[number].add(name)

    @property
    def bare(self) -> list[str]:
        """Rows without a test."""
        return [number for number, tests in self.tests.items() if not tests]


def collected() -> Marks:
    """The marks of the whole suite."""
    marks = Marks()
    files = [str(path) for path in sorted(TESTS.rglob("test_*.py")) if "mark.fault" in path.read_text()]
    quietly = ["-o", "addopts=--import-mode=importlib --strict-markers", "-p", "no:terminal", "-p", "no:cacheprovider"]
    code = pytest.main(["--collect-only", *quietly, *files], plugins=[marks])
    if code != pytest.ExitCode.OK:
        sys.exit(f"the tests cannot be collected (pytest says {code!r})")
    return marks


def table(tests: Mapping[str, Iterable[str]]) -> str:
    """The document: a line per row, with its tests."""
    lines = [
        "# Faults, and the tests that show what happens then",
        "",
        "Made by `python -m tests.faults` from the marks `@pytest.mark.fault(...)`; a test checks that it is so.",
        "",
        *(f"- **{number}** {words}" for number, words in INVARIANTS.items()),
        "",
        "| Row | Fault | Invariants | Tests |",
        "|---|---|---|---|",
    ]
    for row in ROWS.values():
        names = "<br>".join(f"`{name.removeprefix('tests/')}`" for name in sorted(tests[row.number]))
        lines.append(f"| {row.number} | {row.fault} | {' '.join(row.invariants)} | {names} |")
    return "\n".join([*lines, ""])
