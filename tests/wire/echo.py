"""A client for families that are made up here: it answers with the call itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from bria_async.host import Host
from bria_async.wire import Call, Polling


@attrs.frozen
class Waited:
    """A call whose job was waited for."""

    call: Call
    polling: Polling | None


@attrs.define
class Echo:
    """A client that sends nothing."""

    strict: bool = True
    keep_data_uri: bool = False
    host: Host = attrs.field(factory=Host)

    async def send(self, call: Call) -> Any:
        """The call."""
        return call

    async def finish(self, call: Call, polling: Polling | None) -> Any:
        """The call, and that it was waited for."""
        return Waited(call, polling)

    async def probe(self, url: str) -> bool | None:
        """Nothing is anywhere."""
        return None

    async def fetch(self, url: str) -> bytes:
        """Nothing is anywhere."""
        raise AssertionError(url)

    async def post_file(self, url: str, path: Path, *, fields: Mapping[str, str], content_type: str) -> None:
        """Nobody takes a file."""
        raise AssertionError(url)
