"""Names whose address changes between two looks, and names with several addresses: the one that is used counts."""

import socket
from pathlib import Path
from typing import Any

import pytest

from bria_async.errors import DownloadFailed
from bria_async.session import BASE_URL, Session
from tests.security.ways import NAMED
from tests.support import TOKEN, PushedHost, Recorder

NAME, PUBLIC, HERE = "rebound.test", "93.184.216.34", "127.0.0.1"


@pytest.mark.fault("N22")
@pytest.mark.parametrize("way", NAMED)
async def test_a_name_that_was_public_when_somebody_looked(
    way: str, server: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a name meant before is nothing: the address that a socket would go to is refused, and nothing is asked."""
    answers = [PUBLIC]
    resolve = socket.getaddrinfo

    def resolved(host: Any, *more: Any, **how: Any) -> Any:
        return resolve((answers.pop() if answers else HERE) if host == NAME else host, *more, **how)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    address = server.base_url.replace(HERE, NAME)
    (tmp_path / "image.png").write_bytes(b"image")
    assert socket.getaddrinfo(NAME, 80)[0][4][0] == PUBLIC, "who looks beforehand sees nothing wrong"
    async with Session(TOKEN, BASE_URL, host=PushedHost(seed=1)) as bria:
        with pytest.raises(DownloadFailed, match="not a public address"):
            await NAMED[way](bria, f"{address}/a", tmp_path / "image.png")
    assert server.requests == []
