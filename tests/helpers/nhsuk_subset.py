"""The part of the NHS design system's stylesheet that a practice's page uses, cut out of the package as npm has it.

``npm pack nhsuk-frontend@10`` and ``tar xzf`` it, then ``python tests/helpers/nhsuk_subset.py package`` writes
``nhsuk.css`` anew. No font is loaded (Arial stands in its place, as Frutiger is licensed for the NHS's own sites
alone), no picture is named, and what old browsers alone understand is left out.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ASSETS = Path(__file__).resolve().parents[2] / "casemgmt" / "outputs" / "practice" / "page" / "assets"
USES = ("page.html.j2", "page.js", "macros.html.j2")
_TAGS = {
    *("html", "body", "main", "p", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "strong", "a", "details"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "button", "input", "select", "svg", "*"),
}
_DROPPED = re.compile(r"\burl\(|^(-ms-|-moz-|-webkit-)|^font-family|^src$|-ms-high-contrast")


def blocks(css: str) -> Iterator[tuple[str, str]]:
    """Each prelude and the text of its block, at one depth."""
    start = depth = 0
    prelude = ""
    for place, letter in enumerate(css):
        if letter == "{":
            if not depth:
                prelude, start = css[start:place].strip(), place + 1
            depth += 1
        elif letter == "}":
            depth -= 1
            if not depth:
                yield prelude, css[start:place]
                start = place + 1


def classes_used() -> set[str]:
    """Every class of the design system that the template or the script names."""
    text = "".join((ASSETS / name).read_text(encoding="utf-8") for name in USES if (ASSETS / name).exists())
    return set(re.findall(r"nhsuk-[a-z0-9_-]+", text))


def selectors_kept(prelude: str, used: set[str]) -> list[str]:
    kept = []
    for selector in re.split(r",(?![^(]*\))", prelude):
        plain = re.sub(r":not\([^)]*\)", "", selector)
        named = set(re.findall(r"\.([A-Za-z0-9_-]+)", plain))
        tags = set(re.findall(r"(?:^|[\s>+~])([a-z][a-z0-9]*|\*)", re.sub(r"[.#:\[][^\s>+~]*", "", plain)))
        root = ":root" in selector
        if named <= used and tags <= _TAGS and not root:
            kept.append(" ".join(selector.split()))
    return kept


def declarations_kept(body: str) -> list[str]:
    found = []
    for line in re.split(r";(?![^(]*\))", body):
        name, _, value = " ".join(line.split()).partition(":")
        if value and not _DROPPED.search(name) and not _DROPPED.search(value.strip()):
            found.append(f"{name}:{value.strip()}")
    return found


def subset(css: str, used: set[str]) -> Iterator[str]:
    """The rules that are kept, one a line."""
    for prelude, body in blocks(css):
        if prelude.startswith(("@media", "@supports")):
            if "-ms-high-contrast" in prelude and "forced-colors" not in prelude:
                continue
            condition = " ".join(prelude.split()).replace(", (-ms-high-contrast: active)", "")
            inner = list(subset(body, used))
            if inner:
                yield f"{condition}{{{''.join(inner)}}}"
        elif not prelude.startswith("@"):
            selectors, declarations = selectors_kept(prelude, used), declarations_kept(body)
            if selectors and declarations:
                yield f"{','.join(selectors)}{{{';'.join(declarations)}}}"


def stylesheet(package: Path) -> str:
    """The whole file."""
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    css = (package / "dist" / "nhsuk" / "nhsuk-frontend.css").read_text(encoding="utf-8")
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL).replace('@charset "UTF-8";', "")
    head = f"/* Part of nhsuk-frontend {version}, MIT licence: see the end of the page. Arial in place of its font. */"
    return "\n".join([head, *subset(css, classes_used()), "html,button,input,select{font-family:Arial,sans-serif}", ""])


if __name__ == "__main__":
    (ASSETS / "nhsuk.css").write_text(stylesheet(Path(sys.argv[1])), encoding="utf-8")
