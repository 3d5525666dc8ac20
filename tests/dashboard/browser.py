"""A browser, where the machine has one, and what it sees."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 30_000.0
"""Milliseconds."""
DESKTOP, PHONE = (1280, 900), (390, 844)
"""Pixels of a window."""
SERIOUS = ("serious", "critical")
"""How much a problem hurts whoever has it, by axe's own words."""

ELSEWHERE = "studio.example"
"""Another name of this machine, which no browser takes for it."""
NAMES = f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    expect.set_options(timeout=PATIENCE)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", NAMES]) as running,
    ):
        yield running


@contextmanager
def window(
    running: Browser,
    size: tuple[int, int] = DESKTOP,
    scheme: Any = "light",
    *,
    without_policy: bool = False,
    refused: Sequence[int] = (422,),
) -> Iterator[Page]:
    """A window of its own, in which nothing may go wrong unseen: errors of scripts and failed loads fail the test.

    `refused` are statuses that are no failure: what a form is refused for (422) is told on the page.
    """
    options: Any = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme}
    with running.new_context(**options, bypass_csp=without_policy) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        problems: list[str] = []

        def hear(said: ConsoleMessage) -> None:
            if said.type == "error" and not any(f"status of {status}" in said.text for status in refused):
                problems.append(said.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
        assert not problems, problems


def barriers(page: Page) -> list[str]:
    """What keeps people from using a page, as axe finds it."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in SERIOUS]
