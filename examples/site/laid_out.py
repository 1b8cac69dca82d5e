"""Where a page of the repository stands on the site, and what its links become there."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path, PurePosixPath

_LINK = re.compile(r"(?<=\]\()([^()\s]+)(?=\))")
_CODE = re.compile(r"(^```.*?^```[ ]*$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_TAKE = re.compile(r"^<!-- take (\S+)#(\S+) -->$", re.MULTILINE)
README = "README.md"


def anchor_of(title: str) -> str:
    """The name by which a heading is linked to."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def section_of(text: str, anchor: str) -> str:
    """A section of second level, with its heading.

    Raises
    ------
    ValueError
        No heading has that name.
    """
    for section in re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]:
        if anchor_of(section.splitlines()[0].removeprefix("## ")) == anchor:
            return section.rstrip() + "\n"
    raise ValueError(f"no section #{anchor}")


class LaidOut:
    """The pages of the repository, laid out as the site has them.

    A line ``<!-- take README.md#limits -->`` in a page is replaced by that section, so that no text stands twice. A
    link to the README leads to the page that took the section, or to the front page.
    """

    def __init__(self, project: Path, pages: dict[str, str], into: Path) -> None:
        self.project, self.pages, self.into = project, pages, into
        self.takers = {
            f"{source}#{anchor}": page for page, text in pages.items() for source, anchor in _TAKE.findall(text)
        }

    def name_of(self, page: str) -> str:
        """Where a page stands on the site, without its ending."""
        name = str(PurePosixPath(page).with_suffix(""))
        for before, after in (("examples/site/pages/", ""), ("examples/", "guides/"), ("generated/", "")):
            if name.startswith(before):
                name = after + name.removeprefix(before)
                break
        name = re.sub(r"^models/(.+)/card$", r"models/\1", name)
        return re.sub(r"(^|/)README$", r"\1index", name).lower()

    def write(self, page: str, below: str) -> None:
        """Write a page with its links as they are on the site, and what stands below it."""
        text = self._with_links(self.pages[page], page, page)
        path = self.into / f"{self.name_of(page)}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_TAKE.sub(lambda found: self._taken(found, page), text) + below, encoding="utf-8")

    def _taken(self, found: re.Match[str], page: str) -> str:
        source, anchor = found.groups()
        section = section_of((self.project / source).read_text(encoding="utf-8"), anchor)
        return self._with_links(section, source, page)

    def _with_links(self, text: str, source: str, page: str) -> str:
        """The text with its links as they are on the site; what stands in code is no link."""
        pieces = _CODE.split(text)
        pieces[::2] = [_LINK.sub(lambda found: self._link(found.group(), source, page), each) for each in pieces[::2]]
        return "".join(pieces)

    def _link(self, link: str, source: str, page: str) -> str:
        """A link that stands in ``source``, as ``page`` of the site must have it."""
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link) or not target:
            return link
        path = os.path.normpath(os.path.join(os.path.dirname(source), target)).replace(os.sep, "/")  # noqa: PTH118, PTH120
        if path == README:
            path = self.takers.get(f"{README}#{anchor}", "examples/site/pages/index.md")
            anchor = anchor if f"{README}#{anchor}" in self.takers else ""
        if f"{path}/README.md" in self.pages:
            path = f"{path}/README.md"
        here = PurePosixPath(self.name_of(page)).parent
        if path in self.pages:
            there = f"{self.name_of(path)}.md" + (f"#{anchor}" if anchor else "")
        else:
            there = f"files/{path}"
            (self.into / there).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.project / path, self.into / there)
        return os.path.relpath(there, here).replace(os.sep, "/")
