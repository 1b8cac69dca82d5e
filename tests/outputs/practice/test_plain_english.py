"""What practices and commissioners read can be read by a 14-year-old: Flesch–Kincaid grade 9 at most, by textstat."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from reading_age import grade, hardest, prose_of_html, prose_of_markdown

import casemgmt as cm
from casemgmt.outputs.practice.sheets import layout

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
FOR_PRACTICES = ("the-practice-page", "the-practice-and-back", "reading-a-list", "what-leaves-for-the-commissioner")
GRADE_9 = 9.0
PLAIN = 7.0  # what is printed for practices and commissioners is plainer than the limit
ONE_SENTENCE = 14.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication, and a report to the commissioner."""
    folder = tmp_path_factory.mktemp("plain")
    register, scheme = cm.synthesise("C87616", as_of="2021-01-01"), cm.load_scheme("rotherham-2015-16")
    model = cm.load_model("demonstration-admission")
    before = cm.select(register, scheme, score="frailty_deficits")
    selection = cm.select(register, scheme, model=model, previous=before)
    selection.save(folder / "published", pages=True, workbooks=True)
    cm.commissioner_report(selection).save(folder / "report")
    return folder


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, str]:
    """The practice's page and the report as HTML."""
    files = {"page": folder / "published" / "practices" / "C87616.html", "report": folder / "report" / "report.html"}
    return {name: file.read_text(encoding="utf-8") for name, file in files.items()}


@pytest.fixture(scope="module")
def texts(folder: Path, pages: dict[str, str]) -> dict[str, str]:
    """The prose of each thing that leaves for a practice or a commissioner."""
    book = load_workbook(folder / "published" / "practices" / "C87616.xlsx", read_only=True)
    cells = [row[1] for name in (layout.COVER, layout.LEGEND) for row in book[name].iter_rows(values_only=True)]
    said = [str(each) for each in cells if each and len(str(each).split()) > 5 and str(each).endswith((".", ")"))]
    return {
        "page": prose_of_html(pages["page"]),
        "workbook": "\n".join(said),
        "README": (folder / "published" / "practices" / "README.txt").read_text(encoding="utf-8"),
        "report": prose_of_html(pages["report"]),
    }


@pytest.mark.parametrize("name", ["page", "workbook", "README", "report"])
def test_what_a_practice_or_a_commissioner_is_given_is_plain_english(name: str, texts: dict[str, str]) -> None:
    text = texts[name]
    assert len(text.split()) > 150
    assert grade(text) <= PLAIN, hardest(text)
    assert grade(text, terms=False) <= GRADE_9, hardest(text)
    worst, sentence = hardest(text, 1)[0]
    assert worst <= ONE_SENTENCE, sentence


@pytest.mark.parametrize("name", FOR_PRACTICES)
def test_the_pages_for_practices_are_plain_english(name: str) -> None:
    text = prose_of_markdown((EXAMPLES / f"{name}.md").read_text(encoding="utf-8"))
    assert len(text.split()) > 150
    assert grade(text, terms=False) <= GRADE_9, hardest(text)


@pytest.mark.parametrize("name", ["page", "report"])
def test_every_drawing_of_a_page_is_named_or_hidden_from_readers_of_the_screen(
    name: str, pages: dict[str, str]
) -> None:
    drawings = re.findall(r"<svg\b[^>]*>", pages[name])
    assert len(drawings) > 1
    for each in drawings:
        named = 'role="img"' in each and re.search(r'aria-label(ledby)?="[^"]+"', each)
        assert named or 'aria-hidden="true"' in each, each


def test_the_measure_tells_plain_from_hard() -> None:
    plain = "A named doctor decides about each person. Write down why. Send the file back when you are done."
    hard = "Notwithstanding multidisciplinary deliberation, prioritisation necessitates comprehensive stratification."
    assert grade(plain) < 4 < 12 < grade(hard)
    assert hardest(f"{plain} {hard}", 1)[0][1] == hard
    assert grade("The practice nominates patients.") < grade("The practice nominates patients.", terms=False)
