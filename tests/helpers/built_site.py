"""The documentation site as a reader's browser has it: built once, its pages with their links, names and pictures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from worked_text import PROJECT

SITE = PROJECT / "examples" / "site"
BUILD = SITE / "build.py"
sys.path.append(str(SITE))

# Whatever opens a connection while the site is built ends the build.
WITHOUT_NETWORK = """
import runpy, socket, sys
def refused(*_): raise OSError("no network while the site is built")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refused
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def built(out: Path, *, build: Path = BUILD) -> subprocess.CompletedProcess[str]:
    """Build the site without a network; what the build said."""
    import casemgmt

    package = str(Path(casemgmt.__file__).resolve().parents[1])
    command = [sys.executable, "-B", "-c", WITHOUT_NETWORK, str(build), str(out)]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": package}, check=False
    )


class Page(HTMLParser):
    """One page.

    Attributes
    ----------
    names : what a link may end with after ``#``
    links, loads, pictures : where its links lead; what a browser fetches to show it; the pictures, each with its text
    headings : the levels of the headings, in order
    text : all that is read
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.names, self.links, self.loads = path, set(), [], []
        self.pictures: list[tuple[str, str]] = []
        self.headings: list[int] = []
        self.language, self.text = "", ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        says = {name: value or "" for name, value in attributes}
        self.names.update(value for name in ("id", "name") if (value := says.get(name)))
        if tag == "a" and "href" in says:
            self.links.append(says["href"])
        elif tag == "link" and says.get("rel") in ("stylesheet", "icon", "preload", "shortcut icon"):
            self.loads.append(says["href"])
        elif tag in ("script", "img", "iframe", "source", "video", "audio") and "src" in says:
            self.loads.append(says["src"])
        if tag == "img":
            self.pictures.append((says["src"], says.get("alt", "")))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "html":
            self.language = says.get("lang", "")

    def handle_data(self, data: str) -> None:
        self.text += data

    def target(self, link: str) -> tuple[Path, str]:
        """The file and the name that a link within the site leads to."""
        file, _, name = link.partition("#")
        return (self.path.parent / unquote(file.partition("?")[0])).resolve() if file else self.path, unquote(name)
