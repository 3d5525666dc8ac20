"""Every way in which the library asks a server for something, by name."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from bria_async.session import Session

Way = Callable[[Session, str, Path], Awaitable[Any]]
"""What a session does: with the API, or with an address and a file."""


async def _read(bria: Session, _: str, __: Path) -> Any:
    return await bria.projects.list()


async def _create(bria: Session, _: str, __: Path) -> Any:
    return await bria.models.create(name="vases", dataset_id=1)


async def _change(bria: Session, _: str, __: Path) -> Any:
    return await bria.datasets.update(1, name="vases")


async def _send_file(bria: Session, _: str, path: Path) -> Any:
    return await bria.images.upload_file(1, path)


async def _download(bria: Session, url: str, path: Path) -> Any:
    return await bria.download(url, path.with_name("result.png"))


async def _fetch(bria: Session, url: str, _: Path) -> Any:
    return await bria.fetch(url)


async def _probe(bria: Session, url: str, _: Path) -> Any:
    return await bria.probe(url)


async def _put(bria: Session, url: str, path: Path) -> Any:
    return await bria.put_file(url, path, content_type="image/png")


async def _post(bria: Session, url: str, path: Path) -> Any:
    return await bria.post_file(url, path, fields={"key": "k"}, content_type="image/png")


CALLS: Mapping[str, Way] = {"read": _read, "create": _create, "change": _change, "send a file": _send_file}
"""With the token, to the origin of the session."""
NAMED: Mapping[str, Way] = {"download": _download, "fetch": _fetch, "probe": _probe, "post a form": _post}
"""Without the token, to addresses that answers name."""
CHOSEN: Mapping[str, Way] = {"put a file": _put}
"""Without the token, to addresses of the caller's own choice."""
ADDRESSED = {**NAMED, **CHOSEN}
ALL = {**CALLS, **ADDRESSED}
