"""The application as its tests meet it: in this process, or behind a real socket."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from examples.fastapi_app.app import app

pytest_plugins = ["bria_async.testing"]


@pytest.fixture
def environment(bria_env: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The simulator in place of the API, and a folder with images for a training named `cats`."""
    monkeypatch.setenv("STUDIO_IMAGES", str(tmp_path))
    (tmp_path / "cats").mkdir()
    for number in range(5):
        Image.new("RGB", (300, 300), (50 * number, 90, 200)).save(tmp_path / "cats" / f"{number}.png")


@pytest.fixture
def client(environment: None) -> Iterator[TestClient]:
    """The application in this process; it opens its own `Session()`, as ever."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def address(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The application behind a socket: clients can go away from it, and webhooks reach it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setenv("STUDIO_URL", address)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        serving.start()
        yield address
        server.should_exit = True
        serving.join()
