"""A PostgreSQL database that keeps runs: its address, its tables, and sessions with it."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import attrs

from bria_async.errors import ConfigurationError, JournalAway, JournalError, JournalTooNew

if TYPE_CHECKING:
    import psycopg

SCHEMA = "bria_async"
LOCKS = 0x62726961
"""The class of our advisory locks: of each worker by its number, and of the tables as 0."""
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
"""Seconds, seconds and number of tries after which a side notices that the other's machine is gone, and milliseconds
after which it does while it waits for what it has sent to arrive, as nobody is asked then."""
FORMAT = 1
"""Of the tables; it tells which workers can share them."""
CHANNEL = "bria_async"


SHOWN = ("host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "target_session_attrs")
"""What may be shown of the query of an address; anything else may be a secret."""

PIECE = 4
"""Characters from which on a part of a secret is one as well."""


@attrs.frozen
class Database:
    """Where runs are kept, by its address `postgresql://...`; a password in it is never shown."""

    url: str = attrs.field(repr=False)

    @url.validator
    def _is_postgres(self, _: Any, url: str) -> None:
        if url.partition("://")[0] not in ("postgresql", "postgres"):
            raise ConfigurationError("A database for runs is named like postgresql://user@host/name.")

    def __str__(self) -> str:
        """The address without its secrets."""
        return self._parts[0]

    @property
    def kept_alive(self) -> str:
        """The address with `KEEPALIVES`, for a driver that is given nothing else."""
        given = self.url.partition("?")[2]
        more = "&".join(f"{name}={value}" for name, value in KEEPALIVES.items() if name not in given)
        return f"{self.url}{'&' if '?' in self.url else '?'}{more}" if more else self.url

    @property
    def has_secret(self) -> bool:
        """Whether there is more in the address than is shown of it."""
        return self._parts[1]

    def without_secrets(self, text: str) -> str:
        """A text that may have been written by others, and hold the address."""
        text = text.replace(self.url, str(self))
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "...")
        return text

    @property
    def _secrets(self) -> set[str]:
        """What may be one, and the pieces that a driver may take it for."""
        _, _, rest = self.url.partition("://")
        _, _, password = rest.rpartition("@")[0].partition(":")
        pairs = [pair.partition("=") for pair in rest.partition("?")[2].split("&")]
        values = [password, *(value for name, _, value in pairs if name not in SHOWN)]
        pieces = [piece for value in values for piece in re.split("[@/?#:]", value) if len(piece) >= PIECE]
        return {secret for text in (*values, *pieces) for secret in (text, unquote(text)) if secret}

    @property
    def _parts(self) -> tuple[str, bool]:
        """What may be shown, and whether anything is left out; read as the driver does, and with more suspicion."""
        scheme, _, rest = self.url.partition("://")
        place, _, query = rest.partition("?")
        if "@" in query:  # as in a password with a question mark
            return f"{scheme}://...", True
        credentials, at, place = place.rpartition("@")
        user, _, password = credentials.partition(":")
        pairs = query.split("&") if query else []
        shown = "&".join(pair for pair in pairs if pair.partition("=")[0] in SHOWN)
        hidden = ":..." if password else ""
        return f"{scheme}://{user}{hidden}{at}{place}{'?' if shown else ''}{shown}", bool(password) or shown != query

    def connect(self, *, journal: str | None = None) -> "psycopg.Connection[Any]":
        """A session that commits each statement by itself; one for reading sees a single journal.

        Raises:
            JournalError: there is no such database, or no way to it.
        """
        package = driver()
        sets = [f"{name.replace('keepalives', 'tcp_keepalives')}={value}" for name, value in KEEPALIVES.items()]
        path = f"one_journal,{SCHEMA}" if journal is not None else SCHEMA
        options = " ".join(f"-c {value}" for value in (f"search_path={path}", *sets))
        try:
            session: psycopg.Connection[Any] = package.connect(
                self.url, autocommit=True, connect_timeout=10, application_name=SCHEMA, options=options, **KEEPALIVES
            )
            if journal is not None:
                session.execute("SELECT set_config('bria_async.journal', %s, false)", (journal,))
        except package.ProgrammingError:  # it repeats what it cannot read
            raise JournalError(f"The database {self} cannot be used (its address cannot be read).") from None
        except package.Error as error:
            raise self.fault(error) from None
        return session

    @contextlib.contextmanager
    def session(self) -> Iterator["psycopg.Connection[Any]"]:
        """A session for a moment, one transaction long.

        Raises:
            JournalError: the database cannot be used.
        """
        package = driver()
        with contextlib.closing(self.connect()) as session:
            try:
                with session.transaction():
                    yield session
            except package.Error as error:
                raise self.fault(error) from None

    def fault(self, error: Exception) -> JournalError:
        """What an error of the driver is to us."""
        why = self.without_secrets(str(error).strip().partition("\n")[0]) or type(error).__name__
        package = driver()
        passing = (package.OperationalError, package.InterfaceError, package.errors.ReadOnlySqlTransaction)
        kind = JournalAway if isinstance(error, passing) else JournalError
        return kind(f"The database {self} cannot be used ({why}).")

    def prepare(self) -> None:
        """Make the tables if they are not there yet, and check that they are ours.

        Raises:
            JournalTooNew: a newer version of this library made them.
            JournalError: the database cannot be used.
        """
        with self.session() as session:
            session.execute("SELECT pg_advisory_xact_lock(%s, 0)", (LOCKS,))
            if one(session.execute("SELECT to_regclass(%s) IS NULL", (f"{SCHEMA}.meta",))):
                script = resources.files(__package__).joinpath("schema.sql").read_text()
                session.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                session.execute(script)
                session.execute("INSERT INTO meta VALUES (%s)", (FORMAT,))
            self.refuse_other_format(one(session.execute("SELECT version FROM meta")))

    def refuse_other_format(self, version: int) -> None:
        """Refuse tables that this version does not know.

        Raises:
            JournalTooNew: a newer version of this library made them.
            JournalError: an older one did.
        """
        told = f"The runs in {self} have format {version}; this version reads {FORMAT}"
        if version > FORMAT:
            raise JournalTooNew(f"{told}: its workers must be of the newer version.")
        if version < FORMAT:
            raise JournalError(f"{told}. Have workers of the older version end them, or use another database.")


def driver() -> Any:
    """The driver, which comes with an extra.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415  # an extra
    except ImportError:
        raise ConfigurationError("Runs in PostgreSQL need: pip install 'bria-async[dbos]'") from None
    return psycopg


def one(cursor: Any) -> Any:
    """The first value of the first row."""
    row: Sequence[Any] = cursor.fetchone()
    return row[0]
