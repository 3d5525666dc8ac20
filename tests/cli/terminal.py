"""Terminals with somebody in front of them: a pseudoterminal, and a small model of what is seen on its screen."""

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import attrs

from tests.cli.shell import PATIENCE, PROGRAM, Shell

CTRL_C = "\x03"
ROWS = 50
FOREGROUND = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Takes the terminal for its own, so that Ctrl-C reaches it, and becomes the command."""
DECIDES = ("BRIA_", "NO_COLOR", "FORCE_COLOR", "TTY_", "COLUMNS", "LINES", "TERM")
"""Variables that say what is shown, and how."""

_PIECE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n\b\a])|(\x1b.?\Z|\x1b\[[?\d;]*\Z)|(.)", re.DOTALL)
_COLOUR = re.compile(r"[349][0-8]|10[0-7]")


@attrs.define
class Screen:
    """What a terminal shows, with all that was scrolled out of it."""

    columns: int
    lines: list[str] = attrs.field(factory=lambda: [""])
    colours: set[str] = attrs.field(factory=set)
    """The codes of colours that were written."""
    cursor: bool = True
    """Whether it is seen."""
    wrapped: list[str] = attrs.field(factory=list)
    """Lines that were longer than the screen is wide."""
    _row: int = 0
    _column: int = 0
    _rest: str = ""

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    def write(self, text: str) -> None:
        """Show what was written, but for the beginning of a code whose end is yet to come."""
        text, self._rest = self._rest + text, ""
        for numbers, code, control, begun, sign in _PIECE.findall(text):
            if begun:
                self._rest = begun
            elif code:
                self._obey(code, numbers)
            elif control:
                self._move(control)
            else:
                self._put(sign)

    def _move(self, control: str) -> None:
        if control == "\r":
            self._column = 0
        elif control == "\b":
            self._column = max(0, self._column - 1)
        elif control == "\n":
            self._go(self._row + 1)

    def _go(self, row: int) -> None:
        self._row = max(0, row)
        self.lines += [""] * (self._row + 1 - len(self.lines))

    def _put(self, sign: str) -> None:
        if self._column == self.columns:
            self.wrapped.append(self.lines[self._row])
            self._column = 0
            self._go(self._row + 1)
        line = self.lines[self._row].ljust(self._column)
        self.lines[self._row] = line[: self._column] + sign + line[self._column + 1 :]
        self._column += 1

    def _obey(self, code: str, numbers: str) -> None:
        count = int(numbers) if numbers.isdigit() else 1
        match code:
            case "A":
                self._go(self._row - count)
            case "B":
                self._go(self._row + count)
            case "K" if numbers == "2":
                self.lines[self._row] = ""
            case "K" if numbers in ("", "0"):
                self.lines[self._row] = self.lines[self._row][: self._column]
            case "m":
                self.colours |= {number for number in numbers.split(";") if _COLOUR.fullmatch(number)}
            case "h" | "l" if numbers == "?25":
                self.cursor = code == "h"
            case _:
                raise AssertionError(f"unknown code: {numbers}{code}")


@attrs.define
class Terminal:
    """A command on a terminal."""

    process: "subprocess.Popen[bytes]"
    screen: Screen
    _end: int
    """Ours of the two ends."""
    _decoder: codecs.IncrementalDecoder = attrs.field(factory=codecs.getincrementaldecoder("utf-8"))

    def until(self, pattern: str) -> str:
        """Look at it until this is seen; what is seen then."""
        while not re.search(pattern, str(self.screen)):
            assert self._read(), f"{pattern!r} never came, but:\n{self.screen}"
        return str(self.screen)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._end, keys.encode())

    def end(self) -> tuple[int, str]:
        """Look at it until the command ends; its exit code, and what is seen then."""
        while self._read():
            pass
        return self.process.wait(PATIENCE), str(self.screen)

    def _read(self) -> bool:
        """Show what was written; false when nobody writes any more."""
        ready, _, _ = select.select([self._end], [], [], PATIENCE)
        assert ready, f"nothing more came:\n{self.screen}"
        try:
            data = os.read(self._end, 2**16)
        except OSError:  # as Linux says that the other end is closed
            return False
        self.screen.write(self._decoder.decode(data))
        return bool(data)


@contextlib.contextmanager
def terminal(shell: Shell, *arguments: str | Path, columns: int = 80, **variables: str) -> Iterator[Terminal]:
    """Type a command into a terminal that is so wide; it is killed if it is still there in the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DECIDES)}
    seen = {"TERM": "xterm-256color", "COLUMNS": str(columns), "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", FOREGROUND, *PROGRAM, *map(str, arguments)],
        cwd=shell.folder,
        env={**kept, **seen, **shell.environment, **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        try:
            yield Terminal(process, Screen(columns), ours)
        finally:
            guard.cancel()
            process.kill()
            os.close(ours)
