"""Loops in threads of their own: a browser occupies that of the test."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")


def apart(work: Callable[..., T], *arguments: object) -> T:
    """Do something in another thread, and wait for it."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *arguments).result()


@contextmanager
def running(serve: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """What an asynchronous context manager gives, kept open while the test goes on."""
    ready, over, found = threading.Event(), asyncio.Event(), list[T]()
    loop = asyncio.new_event_loop()

    async def live() -> None:
        try:
            async with serve() as value:
                found.append(value)
                ready.set()
                await over.wait()
        finally:
            ready.set()

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(loop.run_until_complete, live())
        try:
            ready.wait()
            if found:
                yield found[0]
        finally:
            loop.call_soon_threadsafe(over.set)
            done.result()
            loop.close()
