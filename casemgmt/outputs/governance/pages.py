"""Pages of headings, sentences and tables as HTML, each with the intended purpose."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import resources

from casemgmt.outputs.purpose import PURPOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Part of a page: a sentence (``p``), an urgent one (``strong``), a heading (``h3``), text (``pre``), a table."""

    kind: str
    text: str = ""
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page: its file, its title, and what stands on it."""

    file: str
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)


def say(text: str) -> Block:
    """A sentence."""
    return Block(kind="p", text=text)


def warn(text: str) -> Block:
    """A sentence that must not be missed."""
    return Block(kind="strong", text=text)


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Block:
    """A table, its first column the heading of each row."""
    return Block(kind="table", text=caption, headings=headings, rows=[[str(cell) for cell in row] for row in rows])


def from_markdown(text: str) -> list[Block]:
    """A model card as blocks: its headings and paragraphs, the stars taken away."""
    blocks = []
    for part in re.split(r"\n{2,}", text.strip()):
        line = part.replace("\n", " ").strip()
        if line.startswith("#"):
            blocks.append(Block(kind="h3", text=line.lstrip("# ")))
        elif line.startswith("**") and "·" in line:
            blocks.append(Block(kind="h4", text=line.replace("**", "")))
        elif line:
            blocks.append(say(line.replace("**", "")))
    return blocks


def render(page: Page, pages: Sequence[Page], head: str) -> str:
    """The page as HTML: no script, nothing from the network.

    Parameters
    ----------
    pages : all of the pack, to go from one to another
    head : one line that says which run it is
    """
    from jinja2 import Environment, StrictUndefined

    style = (resources.files("casemgmt.outputs.report") / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    machine = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = (resources.files("casemgmt.outputs.governance") / "page.html.j2").read_text(encoding="utf-8")
    whole: str = machine.from_string(text).render(
        page=page, pages=pages, head=head, purpose=PURPOSE, style=style, style_hash=f"sha256-{digest}"
    )
    return whole
