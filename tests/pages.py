"""Pages of the documentation as something to play: their blocks in order, and a terminal for their commands.

Of the standard library alone, so that `tests.newcomer` plays a page where nothing else is installed.
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PATIENCE = 240.0
"""Seconds that a command gets."""
KILLED = 128 + signal.SIGKILL
"""The exit code of what was killed."""
GOES_ON = {"bria-async simulate": 2, "bria-async dashboard": 2, "bria-async worker": 1, "python work.py": 1}
"""Commands that end with the page, and how many lines they print when they are ready: what is typed after them is typed
into another terminal.
"""

_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>[^\n]+?) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_FILE = re.compile(r"# ([\w-]+\.(?:py|toml|txt))\n")


@dataclass(frozen=True)
class Command:
    """A line that is typed, and what the page shows of its output; None where it shows nothing."""

    text: str
    shown: str | None = None

    @property
    def words(self) -> list[str]:
        """Its words, as a shell reads them."""
        return shlex.split(self.text, comments=True)


@dataclass(frozen=True)
class Block:
    """A block of code on a page, and the heading above it; `why` says why it is not run, where it is not."""

    page: Path
    line: int
    kind: str
    text: str
    section: str = ""
    why: str = ""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def file(self) -> str:
        """The file that its first line says it is, if it says so: such as `# train.py`."""
        found = _FILE.match(self.text)
        return found[1] if found else ""

    @property
    def commands(self) -> list[Command]:
        """What is typed: the lines that begin with `$`, with what follows as their output, or else every line."""
        text = self.text.replace("\\\n", "")
        if not re.search(r"^\$ ", text, re.MULTILINE):
            return [Command(line) for line in text.splitlines()]
        _, *typed = re.split(r"^\$ ", text, flags=re.MULTILINE)
        parts = [part.partition("\n") for part in typed]
        return [Command(line, shown or None) for line, _, shown in parts]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("text")),
            found["kind"],
            found["text"],
            ["", *_SECTION.findall(text, 0, found.start())][-1],
            found["why"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


LIKE = (
    (r"\\\.\\\.\\\.", ".*?"),
    (r"\d\d:\d\d:\d\d", r"\\d\\d:\\d\\d:\\d\\d"),
    (r"\d+\\ s\b", r"\\d+ (?:s|min|h)(?: \\d+ (?:s|min))?"),
)
"""What may differ between what a page shows and what comes: `...` is anything, times and durations are any."""


def is_like(output: str, shown: str) -> bool:
    """Whether an output is what a page shows."""
    pattern = re.escape(shown.strip())
    for what, like in LIKE:
        pattern = re.sub(what, like, pattern)
    return re.fullmatch(pattern, output.strip(), re.DOTALL) is not None


@dataclass
class Terminal:
    """A shell in a folder, whose variables outlive its commands.

    `instead` says what is typed instead of words of the page, such as ids that it made up.
    """

    folder: Path
    environment: dict[str, str]
    instead: Mapping[str, str] = field(default_factory=dict)
    servers: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def typed(self, text: str) -> str:
        """A text of the page as it is typed here."""
        for word, other in self.instead.items():
            text = text.replace(word, other)
        return text

    def run(self, command: Command) -> str:
        """Run a command to its end, or a server until it is there, and return its output.

        Raises:
            AssertionError: it failed, or its output is not what the page shows.
        """
        text = self.typed(command.text)
        lines = next((lines for words, lines in GOES_ON.items() if text.startswith(words)), 0)
        output, code = self._served(text, lines) if lines else self._ran(text)
        self.check(command, output, code)
        return output

    def check(self, command: Command, output: str, code: int) -> None:
        """Compare what came of a command with the page.

        Raises:
            AssertionError: it failed, or its output is not what the page shows.
        """
        shown = self.typed(command.shown or "...")
        assert code in ((0, KILLED) if "KILL" in command.text else (0,)), f"$ {command.text}\n{output}({code})"
        assert is_like(output, shown), f"$ {command.text}\n{output}\n--- but the page shows ---\n{shown}"

    def _ran(self, text: str) -> tuple[str, int]:
        with tempfile.NamedTemporaryFile("r") as left:
            script = f"{text}\ncode=$?; env -0 > {shlex.quote(left.name)}; exit $code"
            done = subprocess.run(
                ["bash", "-c", script],  # noqa: S607  # whichever there is
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            self.environment |= dict(line.split("=", 1) for line in left.read().split("\0") if "=" in line)
        return done.stdout, done.returncode

    def _served(self, text: str, lines: int) -> tuple[str, int]:
        server = subprocess.Popen(
            shlex.split(text, comments=True), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self.servers.append(server)
        assert server.stdout is not None
        told = "".join(server.stdout.readline() for _ in range(lines))
        return told, 0 if told else server.wait()


@contextlib.contextmanager
def terminal(folder: Path, environment: Mapping[str, str], instead: Mapping[str, str]) -> Iterator[Terminal]:
    """A terminal, whose servers end with it."""
    opened = Terminal(folder, dict(environment), instead)
    try:
        yield opened
    finally:
        for server in opened.servers:
            server.kill()
            server.communicate()


def environment(*first: Path) -> dict[str, str]:
    """The variables of this process without those of Bria, Python and pytest, with these folders before all others
    that hold commands.
    """
    ours = ("BRIA_", "PYTHON", "PYTEST_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PATH": os.pathsep.join([*map(str, first), kept["PATH"]]), "PYTHONUNBUFFERED": "1"}
