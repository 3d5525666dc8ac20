"""A request as a value, and the one thing that endpoints ask of a client."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

if TYPE_CHECKING:
    from bria_async.host import Host

    from .endpoint import Endpoint
    from .polling import Polling


@attrs.frozen
class File:
    """A file as it was when it was looked at; a body streams exactly these bytes (`mtime_ns` unchanged) or fails."""

    path: Path
    size: int
    mtime_ns: int


@attrs.frozen
class FilePart:
    """The file of a multipart body, streamed from disk unless its bytes are given."""

    content: File | bytes = attrs.field(repr=lambda content: "..." if isinstance(content, bytes) else repr(content))
    filename: str
    content_type: str
    field: str = "file"


@attrs.frozen
class Multipart:
    """A multipart/form-data body: plain fields, then one file."""

    fields: Mapping[str, str] = attrs.field(repr=False)
    file: FilePart


@attrs.define  # not frozen: nobody changes it, and it takes half of the time to make
class Call:
    """One request of an endpoint, complete but for host and token.

    `path` is quoted and starts with `/v1` or `/v2`; `query` and `json` hold what was given and nothing else.
    Anywhere in `json` a path, bytes or `File` stands for its base64, which is made while it is sent. `form` is
    sent urlencoded. `fallback` is the path to try when the first is not found.
    """

    endpoint: Endpoint
    path: str
    query: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    json: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    form: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    multipart: Multipart | None = None
    fallback: str | None = None

    @property
    def operation(self) -> str:
        """The operation's name, such as `projects.create`."""
        return self.endpoint.operation

    def as_multipart(self, file: FilePart) -> Call:
        """The same request with a form as its body: the fields as texts, then the file."""
        values = {**(self.json or {}), **(self.form or {})}
        fields = {name: form_text(value) for name, value in values.items() if name != file.field}
        return attrs.evolve(self, json=None, form=None, multipart=Multipart(fields, file))

    def with_base64(self, file: FilePart) -> Call:
        """The same request with the file as base64 in its JSON."""
        return attrs.evolve(self, json={**(self.json or {}), file.field: file.content})


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

    async def finish(self, call: Call, polling: Polling | None) -> Any:
        """Send a call whose job takes its time, and return its answer when the job is over."""
        ...

    async def fetch(self, url: str) -> bytes:
        """The bytes of a result, without the token.

        Raises:
            DownloadFailed: it is not there, or larger than an answer may be.
        """
        ...

    async def post_file(self, url: str, path: Path, *, fields: Mapping[str, str], content_type: str) -> None:
        """Send a form with a file to a presigned address, streamed and without the token.

        Raises:
            UploadFailed: it was not taken.
        """
        ...

    async def probe(self, url: str) -> bool | None:
        """Whether a result is there: None while it is not, False when it is empty, because it was moderated.

        Raises:
            DownloadFailed: waiting is in vain.
        """
        ...
