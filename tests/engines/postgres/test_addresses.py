"""The address of a database is shown without what is secret in it."""

import logging
import traceback

import pytest

from bria_async.engines.postgres.database import Database
from bria_async.engines.postgres.reading import Reader
from bria_async.errors import ConfigurationError, JournalError

CANARY = "canary7e1c0ffee"

ADDRESSES = {
    f"postgresql://u:{CANARY}@127.0.0.1:1/runs": "postgresql://u:...@127.0.0.1:1/runs",
    f"postgresql://u:{CANARY}@127.0.0.1:1/runs?sslmode=require": "postgresql://u:...@127.0.0.1:1/runs?sslmode=require",
    f"postgresql://127.0.0.1:1/runs?user=u&password={CANARY}": "postgresql://127.0.0.1:1/runs?user=u",
    f"postgresql://127.0.0.1:1/runs?sslpassword={CANARY}&port=1": "postgresql://127.0.0.1:1/runs?port=1",
    f"postgresql://127.0.0.1:1/runs?password=a@{CANARY}": "postgresql://...",
    f"postgresql://u:a#{CANARY}@127.0.0.1:1/runs": "postgresql://u:...@127.0.0.1:1/runs",
    f"postgresql://u:a?{CANARY}@127.0.0.1:1/runs": "postgresql://...",
    f"postgresql://u:a/{CANARY}@127.0.0.1:1/runs": "postgresql://u:...@127.0.0.1:1/runs",
    f"postgresql://u:a@{CANARY}@127.0.0.1:1/runs": "postgresql://u:...@127.0.0.1:1/runs",
    f"postgresql://u:%zz{CANARY}@127.0.0.1:1/runs": "postgresql://u:...@127.0.0.1:1/runs",
    f"postgresql://u:[{CANARY}@127.0.0.1:1/runs": "postgresql://u:...@127.0.0.1:1/runs",
    f"postgresql://127.0.0.1:1/runs?nonsense={CANARY}": "postgresql://127.0.0.1:1/runs",
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_no_password_is_shown(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not by the address, nor by the error of a database that cannot be reached, however it is spelled."""
    caplog.set_level(logging.DEBUG)
    database = Database(url)
    assert (str(database), database.has_secret) == (ADDRESSES[url], True)
    with pytest.raises(JournalError, match="cannot be used") as caught:
        Reader(database).journals()
    told = "".join(traceback.format_exception(caught.value))
    assert CANARY not in told + repr(database) + repr(caught.value) + caplog.text
    assert str(database) in caught.value.message


@pytest.mark.parametrize("url", ["postgresql://h/runs", "postgres://u@h:5432/runs", "postgresql:///runs?host=/tmp/s"])
def test_what_is_no_secret_is_shown(url: str) -> None:
    """As it was given."""
    assert (str(Database(url)), Database(url).has_secret) == (url, False)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("postgresql://h/runs", "?keepalives_idle=10&"),
        ("postgresql://h/runs?sslmode=require", "?sslmode=require&keepalives_idle=10&"),
        ("postgresql://h/runs?keepalives_idle=99", "?keepalives_idle=99&keepalives_interval=5&"),
    ],
)
def test_a_driver_that_is_given_the_address_alone_notices_a_machine_that_is_gone(url: str, asked: str) -> None:
    """By what is added to it; what was given there stays."""
    assert asked in Database(url).kept_alive
    assert Database(url).kept_alive.endswith("&tcp_user_timeout=25000")


def test_another_kind_of_database_is_refused() -> None:
    """Without repeating the address."""
    with pytest.raises(ConfigurationError, match="postgresql://user@host/name") as caught:
        Database(f"mysql://u:{CANARY}@h/runs")
    assert CANARY not in str(caught.value)


def test_what_others_wrote_is_cleaned() -> None:
    """A text that holds the address, or its password."""
    database = Database(f"postgresql://u:{CANARY}@h/runs")
    text = f"no way to {database.url} with {CANARY}"
    assert database.without_secrets(text) == "no way to postgresql://u:...@h/runs with ..."
