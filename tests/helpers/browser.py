"""A page opened in a real Chromium, and all that it asked for, wrote to its console or opened."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("CASEMGMT_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def axe_source() -> str:
    """The script of axe-core, from ``CASEMGMT_NODE_MODULES``, or from ``node_modules`` here; skips where it is not."""
    for place in filter(None, (os.environ.get("CASEMGMT_NODE_MODULES"), "node_modules")):
        script = Path(place) / "axe-core" / "axe.min.js"
        if script.is_file():
            return script.read_text(encoding="utf-8")
    pytest.skip("axe-core is not installed: npm install --no-save axe-core@4")


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser; closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM)
        try:
            yield browser
        finally:
            browser.close()


class Opened:
    """A page from a file.

    Attributes
    ----------
    page : as Playwright has it
    requests : what was asked for beside the page itself
    problems : what the console said, and what was opened
    """

    def __init__(self, browser: Any, file: Path, **context: Any) -> None:
        self.context = browser.new_context(accept_downloads=True, **context)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.problems: list[str] = []
        url = file.absolute().as_uri()
        self.page.on("request", lambda request: request.url == url or self.requests.append(request.url))
        self.page.on("console", lambda message: self.problems.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.context.on("page", lambda page: page is self.page or self.problems.append("another page was opened"))
        self.page.goto(url)

    def _dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def close(self) -> None:
        self.context.close()


@contextmanager
def opened(browser: Any, file: Path, **context: Any) -> Iterator[Opened]:
    """A page from a file, with nothing asked for and nothing said by the time it is closed."""
    page = Opened(browser, file, **context)
    try:
        yield page
        assert page.requests == []
        assert page.problems == []
    finally:
        page.close()
