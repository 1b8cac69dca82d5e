"""Build the documentation site: ``python examples/site/build.py OUT``.

The pages of ``examples/``, ``models/`` and the other folders are taken as they stand, laid out by ``navigation.toml``
in a temporary folder beside what ``printed.py`` prints from the code, and turned into HTML by Sphinx. Nothing is
fetched. A warning stops it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from laid_out import LaidOut
from mended import mend
from notebooks import as_markdown
from printed import all_printed
from sphinx.cmd.build import build_main

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
FRONT = "examples/site/pages/index.md"
PATTERNS = (
    "examples/*.md",
    "examples/*.ipynb",
    "examples/*/README.md",
    "examples/site/pages/*.md",
    "models/README.md",
    "models/*/card.md",
    "casemgmt/codes/README.md",
    "casemgmt/synthetic/assumptions.md",
    "benchmarks/README.md",
    "tests/README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
)


class NavigationError(Exception):
    """The pages and ``navigation.toml`` disagree."""


def pages_in(project: Path = PROJECT) -> dict[str, str]:
    """The text of every page, by its path in the repository; of a notebook, what it shows as Markdown."""
    found = {}
    for path in sorted(path for pattern in PATTERNS for path in project.glob(pattern)):
        text = path.read_text(encoding="utf-8")
        found[path.relative_to(project).as_posix()] = as_markdown(text, path.stem) if path.suffix == ".ipynb" else text
    return found


def parts_of(navigation: str, pages: set[str]) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """The parts of the site: each a title and its pages, each of these with the pages under it.

    Raises
    ------
    NavigationError
        A line names no page; or a page stands on no line, or on two.
    """
    left = sorted(pages - {FRONT})

    def taken(pattern: str) -> list[str]:
        matched = [page for page in left if fnmatch(page, pattern) and page.count("/") == pattern.count("/")]
        if not matched:
            raise NavigationError(f"navigation.toml: {pattern} names no page, or one that an earlier line names.")
        left[:] = [page for page in left if page not in matched]
        return matched

    parts = []
    for part in tomllib.loads(navigation)["part"]:
        entries: list[tuple[str, list[str]]] = []
        for line in part["pages"]:
            if isinstance(line, list):
                entries[-1][1].extend(page for pattern in line for page in taken(pattern))
            else:
                entries.extend((page, []) for page in taken(line))
        parts.append((part["title"], entries))
    if left:
        raise NavigationError(
            f"{', '.join(left)}: on no line of examples/site/navigation.toml. Add one where readers will look for it."
        )
    return parts


def toctree(entries: list[str], caption: str = "") -> str:
    """The table that Sphinx makes the side bar of."""
    lines = ["```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), "", *entries, "```"]
    return "\n".join(["", "", *lines, ""])


def lay_out(into: Path) -> None:
    """Write what Sphinx reads: every page with its links, the files that they link to, and the side bar."""
    pages = {**pages_in(), **all_printed(PROJECT)}
    parts = parts_of((HERE / "navigation.toml").read_text(encoding="utf-8"), set(pages))
    laid_out = LaidOut(PROJECT, pages, into)
    below = {FRONT: ""}
    for title, entries in parts:
        below[FRONT] += toctree([laid_out.name_of(page) for page, _ in entries], title)
        for page, under in entries:
            below[page] = toctree([f"/{laid_out.name_of(each)}" for each in under]) if under else ""
    for page in pages:
        laid_out.write(page, below.get(page, ""))
    for name in ("conf.py", "docstrings.py", "side_bar.py"):
        shutil.copy(HERE / name, into / name)
    shutil.copytree(HERE / "static", into / "static")


def sphinx(source: Path, out: Path) -> int:
    """Turn what was laid out into HTML; the exit code, which is not 0 after a warning."""
    with tempfile.TemporaryDirectory() as read:
        return build_main(["-q", "-E", "-W", "--keep-going", "-b", "html", "-d", read, str(source), str(out)])


def build(out: Path) -> int:
    """Build the site into a folder; the exit code of Sphinx."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        code = sphinx(Path(folder), out)
    mend(out)
    return code


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python examples/site/build.py OUT")
    try:
        sys.exit(build(Path(sys.argv[1]).resolve()))
    except NavigationError as error:
        sys.exit(str(error))
