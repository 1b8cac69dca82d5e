"""How hard a text is to read: the Flesch–Kincaid grade, by textstat, of the prose that people are given.

The grade is the American school year that reads it; a reading age is about five years more.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Words that no plainer one replaces, because they name what the text is about. Each counts as a short word; the
# grade with them as they are is held too, to a wider limit.
TERMS = (
    *("practice", "practices", "commissioner", "clinician", "register", "registered", "workbook", "spreadsheet"),
    *("admission", "admissions", "emergency", "hospital", "patient", "patients", "caseload", "deprivation"),
    *("case management", "case-management", "nomination", "nominations", "nominate", "nominated", "ethnicity"),
    *("residential", "resident", "residents", "judgement", "deprived", "diagnose", "dementia", "frailty"),
)
_PROSE = {"p", "li", "dd", "dt", "h1", "h2", "h3", "caption", "figcaption"}
_NO_PROSE = {"script", "style", "svg", "footer", "pre", "td", "th", "details"}


class _Prose(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _PROSE | _NO_PROSE:
            self._open.append(tag)
            if tag in _PROSE:
                self.parts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if self._open and not _NO_PROSE & set(self._open):
            self.parts[-1] += data


def prose_of_html(page: str) -> str:
    """The sentences of a page; titles, labels, tables and the foot with its sources are left out."""
    reader = _Prose()
    reader.feed(page)
    texts = (re.sub(r"\s+", " ", part).strip() for part in reader.parts)
    return "\n".join(text for text in texts if len(text.split()) > 4 and text.endswith((".", "?")))


def prose_of_markdown(page: str) -> str:
    """The sentences of a page of examples, without code, tables and the targets of links."""
    text = re.sub(r"```.*?```|<!--.*?-->", "", page, flags=re.DOTALL)
    text = re.sub(r"!\[[^]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    blocks = [re.sub(r"\s+", " ", block) for block in re.split(r"\n\s*\n|\n(?=[-*] |\d+\. )", text)]
    kept = [block.lstrip("-*0123456789. ") for block in blocks if not block.lstrip().startswith(("|", "#", ">"))]
    return "\n".join(re.sub(r"`[^`]*`", "word", block).replace("*", "") for block in kept if block.strip())


def grade(text: str, *, terms: bool = True) -> float:
    """The Flesch–Kincaid grade; ``terms`` lets each of TERMS count as a short word."""
    import textstat

    textstat.set_lang("en_GB")
    if terms:
        text = re.sub(rf"(?i)\b({'|'.join(sorted(TERMS, key=len, reverse=True))})\b", "word", text)
    names = r"\b[\w.-]*[_/\\][\w./\\-]*\b"  # of columns, files and folders
    return float(textstat.flesch_kincaid_grade(re.sub(names, "word", text)))


def hardest(text: str, count: int = 5) -> list[tuple[float, str]]:
    """The sentences that raise the grade most."""
    sentences = [each for each in re.split(r"(?<=[.?!])\s+", text) if len(each.split()) > 5]
    return sorted(((grade(each), each) for each in sentences), reverse=True)[:count]
