"""What a run fans out over, as its journal keeps it: JSON texts that are read whenever somebody looks at one.

None of them ever changes, and of a run that goes on most are never looked at again. So they stay where they are: those
of 100,000 images would take 47 MiB as texts, more than 100 as values, and a third of the time of a resume.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs

from bria_async.errors import JournalError

T = TypeVar("T")


def _as_it_is(data: Any) -> Any:
    return data


@attrs.frozen(eq=False)
class Kept(Mapping[str, T]):
    """Values by key that are made of their JSON texts each time somebody looks."""

    texts: Mapping[str, str]
    read: Callable[[Any], T] = _as_it_is
    """Makes the value of the data."""

    def __getitem__(self, key: str) -> T:
        """The value of a key."""
        return self.read(json.loads(self.texts[key]))

    def __iter__(self) -> Iterator[str]:
        """The keys, in their order."""
        return iter(self.texts)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.texts)

    def __contains__(self, key: object) -> bool:
        """Whether there is one."""
        return key in self.texts


@attrs.frozen(eq=False)
class Texts(Mapping[str, str]):
    """The texts of an input's items in a journal, by a connection that only reads.

    The whole file was read when the journal was opened, so looking at one waits for no disk (9 microseconds).

    Raises:
        JournalError: the journal cannot be read, or is closed.
    """

    path: Path
    database: sqlite3.Connection
    run: int
    name: str

    def __getitem__(self, key: str) -> str:
        """The text of a key."""
        for (text,) in self._found("data", " AND key = ?", key):
            return str(text)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        """The keys, in their order."""
        return (key for (key,) in self._found("key", " ORDER BY key"))

    def __len__(self) -> int:
        """How many there are."""
        ((number,),) = self._found("count(*)")
        return int(number)

    def _found(self, columns: str, more: str = "", *values: str) -> list[tuple[Any, ...]]:
        sql = f"SELECT {columns} FROM item WHERE run = ? AND input = ?{more}"  # noqa: S608  # constants only
        try:
            return self.database.execute(sql, (self.run, self.name, *values)).fetchall()
        except sqlite3.Error as error:
            raise JournalError(f"The journal {self.path} cannot be read ({error}).") from None
