"""The other side: a server that answers at once, and does no more than it must.

`python -m benchmarks.server small` answers every request with the same few bytes, the more for POST.
`python -m benchmarks.server drain [--tls]` takes uploads, multipart or base64 in JSON, and answers with the SHA-256 of
the file that was in them: so everybody can check that exactly his bytes arrived.
`python -m benchmarks.server studio` is so much of the API as a training needs that sends each image by itself; it keeps
names, and every caption is there at once, and every model trained.
"""

import asyncio
import hashlib
import itertools
import json
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

try:
    from pybase64 import b64decode
    from uvloop import run
except ImportError:
    from asyncio import run
    from base64 import b64decode

IMAGE = {
    "id": 1000,
    "dataset_id": 77,
    "caption": "a tabby cat on a mat, in the light of the morning",
    "caption_source": "automatic",
    "image_name": "cat--0123456789ab.jpg",
    "image_url": "https://cdn.example/datasets/77/images/1000.jpg",
    "thumbnail_url": "https://cdn.example/datasets/77/thumbnails/1000.jpg",
    "created_at": "2025-08-20T09:51:58.080018",
    "updated_at": "2025-08-20T09:51:58.080018",
}
"""An image of a dataset, as answers have it."""

ACCEPTED = {
    "request_id": "0123456789abcdef0123456789abcdef",
    "status_url": "https://engine.example/v2/status/0123456789abcdef0123456789abcdef",
}
"""A job that was accepted."""


def answer(value: Any, status: str = "200 OK") -> bytes:
    """An answer in JSON, its head as short as clients of all kinds allow."""
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nX-Elastic-Product: Elasticsearch\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Server(asyncio.Protocol):
    """Requests with a Content-Length, one after the other on each connection."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.left = 0
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer here."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Go on with the head, or with the body, of the request under way."""
        while data:
            if self.left:
                part, data = data[: self.left], data[self.left :]
                self.left -= len(part)
                self.body(part)
            else:
                self.head += data
                end = self.head.find(b"\r\n\r\n")
                if end < 0:
                    return
                head, data = bytes(self.head[:end]), bytes(self.head[end + 4 :])
                self.head.clear()
                self.begin(head)
            if not self.left:
                self.transport.write(self.end())

    def begin(self, head: bytes) -> None:
        """A request has begun."""
        lower = head.lower()
        at = lower.find(b"\r\ncontent-length:")
        self.left = int(lower[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0

    def body(self, part: bytes) -> None:
        """A part of its body."""

    def end(self) -> bytes:
        """It is over: its answer."""
        raise NotImplementedError


class Small(Server):
    """The same answer to all that ask, and another to all that post."""

    answers: ClassVar = {b"GET": answer(IMAGE), b"POS": answer(ACCEPTED, "202 Accepted")}

    def begin(self, head: bytes) -> None:
        """Remember what was asked."""
        super().begin(head)
        self.verb = head[:3]

    def end(self) -> bytes:
        """What is said to that."""
        return self.answers[self.verb]


class Drain(Server):
    """Takes a file, and says its SHA-256."""

    def begin(self, head: bytes) -> None:
        """Learn where the file in the body will end."""
        super().begin(head)
        boundary = head.partition(b"boundary=")[2].split(b"\r\n", 1)[0].strip(b'"')
        self.json = not boundary
        self.after = 2 if self.json else len(boundary) + 8  # `"}`, or CRLF, dashes, boundary, dashes, CRLF
        self.before: bytearray | None = bytearray()
        self.carried = b""
        self.hash = hashlib.sha256()

    def body(self, part: bytes) -> None:
        """Hash what is of the file."""
        if self.before is not None:
            self.before += part
            begins = self._begins(self.before)
            if begins < 0:
                return
            part, self.before = bytes(self.before[begins:]), None
        if (beyond := self.after - self.left) > 0:
            part = part[: max(0, len(part) - beyond)]
        if self.json:
            whole = self.carried + part
            cut = len(whole) // 4 * 4
            part, self.carried = b64decode(whole[:cut]), whole[cut:]
        self.hash.update(part)

    def _begins(self, body: bytearray) -> int:
        if self.json:
            at = body.find(b'"file": "')
            return at + 9 if at >= 0 else -1
        named = body.find(b"filename=")
        at = body.find(b"\r\n\r\n", named) if named >= 0 else -1
        return at + 4 if at >= 0 else -1

    def end(self) -> bytes:
        """The image that it has become; its hash stands in its caption."""
        return answer({**IMAGE, "caption": self.hash.hexdigest()})


class Studio(Server):
    """Projects, datasets, images and models: their names and numbers, and nothing of what is in the files."""

    datasets: ClassVar[dict[str, dict[str, Any]]] = {}
    images: ClassVar[dict[str, list[dict[str, Any]]]] = {}
    numbers: ClassVar = itertools.count(1000)

    def begin(self, head: bytes) -> None:
        """Remember what was asked, and of whom."""
        super().begin(head)
        self.verb, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        self.path = path.partition("?")[0].split("/")[3:]  # behind /v1/tailored-gen
        self.seen = b""

    def body(self, part: bytes) -> None:
        """Keep so much as holds the name of a file, or what is changed of a dataset."""
        if len(self.seen) < 4096:
            self.seen += part[:4096]

    def end(self) -> bytes:
        """What became of it."""
        found: Any = None
        match self.verb, *self.path:
            case "POST", "projects" | "models":
                found = {"id": next(self.numbers), "status": "Created"}
            case "POST", "generate_visual_schema":
                found = {"visual_schema": "{}"}
            case "POST", "datasets":
                found = {"id": next(self.numbers), "status": "draft"}
                self.datasets[str(found["id"])], self.images[str(found["id"])] = found, []
            case "GET" | "PUT", "datasets", number:
                self.datasets[number] |= json.loads(self.seen or b"{}")
                found = {**self.datasets[number], "images_count": len(self.images[number])}
            case "POST", "datasets", number, "images":
                name = self.seen.partition(b'filename="')[2].partition(b'"')[0].decode()
                found = {**IMAGE, "id": next(self.numbers), "dataset_id": int(number), "image_name": name}
                self.images[number].append(found)
            case "GET", "datasets", number, "images":
                found = self.images[number]
            case _, "models", number, *_:
                found = {"id": int(number), "status": "InProgress" if self.verb == "POST" else "Completed"}
        return answer({}, "404 Not Found") if found is None else answer(found)


def certificate() -> tuple[ssl.SSLContext, str]:
    """TLS for this machine, and the file of the authority to trust."""
    import trustme  # plain servers go without

    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    path = Path(tempfile.mkdtemp()) / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, str(path)


async def main(kind: str, *, tls: bool) -> None:
    """Serve until somebody ends the process."""
    context, authority = certificate() if tls else (None, "")
    server = await asyncio.get_running_loop().create_server(
        {"small": Small, "drain": Drain, "studio": Studio}[kind], "127.0.0.1", 0, ssl=context
    )
    port = server.sockets[0].getsockname()[1]
    url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    print(json.dumps({"url": url, "authority": authority}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run(main(sys.argv[1], tls="--tls" in sys.argv))
