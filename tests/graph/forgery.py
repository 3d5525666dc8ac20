"""Journals that somebody changed so well that nothing shows."""

import contextlib
import sqlite3
from pathlib import Path

from bria_async.graph.seal import seal


def forge(path: Path, *statements: str) -> None:
    """Change a journal behind its back: what it holds then adds up."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for sql in statements:
            database.execute(sql)
        seal(database)


FORGET = (
    "UPDATE event SET what = 'warned' WHERE task IS NOT NULL",
    "UPDATE task SET state = 'pending', attempt = 0, sent = NULL, done = NULL, via = NULL, result = NULL",
    "UPDATE meta SET value = 'yes' WHERE key = 'unclean'",
)
"""What makes a journal one that lost everything since its run was created, and was not closed."""
