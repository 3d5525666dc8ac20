"""A request as a value, and the one thing that endpoints ask of a client."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

if TYPE_CHECKING:
    from bria_async.host import Host

    from .endpoint import Endpoint


@attrs.frozen
class FilePart:
    """A file of a multipart body, streamed from disk.

    `size` (bytes) and `mtime_ns` are those of the moment the file was checked: a file that changed since is
    not sent.
    """

    path: Path
    filename: str
    content_type: str
    size: int
    mtime_ns: int
    field: str = "file"


@attrs.frozen
class Multipart:
    """A multipart/form-data body: plain fields, then one file."""

    fields: Mapping[str, str]
    file: FilePart


@attrs.frozen
class Call:
    """One request of an endpoint, complete but for host and token.

    `path` is quoted and starts with `/v1` or `/v2`; `query` and `json` hold what was given and nothing else;
    `fallback` is the path to try when the first is not found.
    """

    endpoint: Endpoint
    path: str
    query: Mapping[str, str] = attrs.field(factory=dict)
    json: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    multipart: Multipart | None = None
    fallback: str | None = None

    @property
    def operation(self) -> str:
        """The operation's name, such as `projects.create`."""
        return self.endpoint.operation

    def as_multipart(self, file: FilePart) -> Call:
        """The same request with a form as its body: the fields as texts, then the file."""
        fields = {name: form_text(value) for name, value in (self.json or {}).items()}
        return attrs.evolve(self, json=None, multipart=Multipart(fields, file))


def form_text(value: Any) -> str:
    """A value as queries and forms carry it: booleans in the lower case of JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Client(Protocol):
    """What families of endpoints need: somebody who sends calls, and the host they live on."""

    @property
    def host(self) -> Host:
        """Clock, sleep, randomness and threads."""
        ...

    @property
    def strict(self) -> bool:
        """Whether documented ranges and enums are checked before sending."""
        ...

    @property
    def keep_data_uri(self) -> bool:
        """Whether base64 images keep a `data:` header."""
        ...

    async def send(self, call: Call) -> Any:
        """Send, retry what is safe to repeat, and return the typed answer or raise."""
        ...

    async def probe(self, url: str) -> int | None:
        """How many bytes a result URL holds: None while it is not there, 0 when it was moderated.

        Raises:
            DownloadFailed: it is gone (410), so that waiting is in vain; its `gone` is true.
        """
        ...
