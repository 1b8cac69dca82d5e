"""The side bar, worked out once and turned to each page; Sphinx alone works it out anew for each, half of its time."""

from __future__ import annotations

import re
from typing import Any

from furo.navigation import get_navigation_tree


def turned(tree: str, page: str) -> str:
    """The front page's side bar as a page has it: links from there, the page marked, what it stands under open."""
    up = "../" * page.count("/")
    tree = re.sub(r'(?<=href=")(?!#)', up, tree)
    before, link, after = tree.partition(f'<a class="reference internal" href="{up}{page}.html">')
    if not link:
        return tree
    before, item, said = before.rpartition('<li class="toctree-l')
    level, rest = said[0], said[1:]
    if level == "2":
        above, parent, between = before.rpartition('<li class="toctree-l1')
        opened = between.replace("<input ", '<input checked="" ', 1).replace("<ul>", '<ul class="current">', 1)
        before = f"{above}{parent} current{opened}"
    here = f'{item}{level} current current-page{rest}<a class="current reference internal" href="#">'
    if level == "1" and rest.startswith(" has-children"):
        after = after.replace("<input ", '<input checked="" ', 1)
    return before + here + after


def _set_tree(app: Any, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Before furo's turn: keep the true side bar of the front page, and give furo nothing to work out."""
    if not hasattr(app, "side_bar"):
        words = {"collapse": False, "titles_only": True, "maxdepth": -1, "includehidden": True}
        app.side_bar = get_navigation_tree(app.builder._get_local_toctree(app.config.root_doc, **words))
    context["true_toctree"] = context.get("toctree")
    context["toctree"] = lambda **_words: ""


def _turn_tree(app: Any, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """After furo's turn: the side bar as this page has it."""
    context["toctree"] = context.pop("true_toctree")
    context["furo_navigation_tree"] = turned(app.side_bar, page)


def setup(app: Any) -> dict[str, bool]:
    """Read by Sphinx."""
    app.connect("html-page-context", _set_tree, priority=100)
    app.connect("html-page-context", _turn_tree, priority=900)
    return {"parallel_read_safe": True}
