"""The page of a practice as bytes: what it holds, what it cannot hold, and how large it is."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest
from a_practice_list import a_practice_list
from hostile_values import HOSTILE
from nhsuk_subset import ASSETS, stylesheet

import casemgmt as cm
from casemgmt.outputs.practice.answers import RETURN_FACTS, RETURN_ROW
from casemgmt.outputs.practice.making import practice_lists
from casemgmt.outputs.practice.page.embedding import as_text, data_block, policy
from casemgmt.outputs.practice.page.writing import page_of

MOST_BYTES_BEFORE_DATA = 150_000


class Parsed(HTMLParser):
    """Every tag, attribute and text of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.inside: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._open.append(tag)

    def handle_endtag(self, tag):
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data):
        if self._open:
            self.inside.setdefault(self._open[-1], []).append(data)


@pytest.fixture(scope="module")
def selection():
    people = [cm.synthesise(practice, seed=1).to_arrow() for practice in ("C87616", "C87608")]
    register = cm.read_register(pa.concat_tables(people, promote_options="default"), as_of="2021-01-01")
    return cm.select(register, cm.load_scheme("rotherham-2015-16"), model=cm.load_model("cambridge-multimorbidity-20"))


def data_of(page: bytes) -> dict:
    return json.loads(re.search(rb'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_a_page_before_its_data_is_small():
    assert len(page_of(a_practice_list((), text="plain"))) <= MOST_BYTES_BEFORE_DATA


def test_the_same_list_gives_the_same_bytes(selection):
    (first,), (second,) = (list(practice_lists(selection, ["C87616"])) for _ in range(2))
    assert page_of(first, selection.workings) == page_of(second, selection.workings)


def test_a_page_asks_nothing_of_a_network(selection):
    page = page_of(*practice_lists(selection, ["C87616"]), selection.workings)
    found = Parsed(page)
    for name, value in found.attributes:
        if name in ("src", "href", "action", "srcset", "poster", "data", "formaction", "background", "ping"):
            assert value.startswith("#") or value == "data:,"
        assert not name.startswith("on")
        assert name != "style"
    assert not set(found.tags) & {"iframe", "object", "embed", "base", "form", "img", "audio", "video", "import"}
    style = "".join(found.inside["style"])
    assert "@import" not in style and "@font-face" not in style
    assert re.findall(r"url\([^)]*\)", style) == ["url(#p-other)"]
    assert "Frutiger" not in style


def test_only_the_page_s_own_script_and_style_may_run(selection):
    page = page_of(*practice_lists(selection, ["C87616"]), selection.workings)
    found = Parsed(page)
    said = dict(zip(*[iter(v for n, v in found.attributes if n in ("http-equiv", "content"))] * 2, strict=False))
    scripts = [each for each in found.inside["script"] if not each.startswith("{")]
    assert len(scripts) == 1
    assert said["Content-Security-Policy"] == policy(scripts[0], "".join(found.inside["style"]))
    assert "unsafe" not in said["Content-Security-Policy"]


def test_the_licence_of_the_layout_stands_in_the_page():
    page = page_of(a_practice_list()).decode()
    assert "Permission is hereby granted, free of charge" in page
    assert "NHS Digital" in page


def test_a_page_holds_no_patient_of_another_practice(selection):
    ids = {}
    for practice, patient in zip(
        selection.register.column("practice_id").to_pylist(),
        selection.register.column("patient_id").to_pylist(),
        strict=True,
    ):
        ids.setdefault(practice, set()).add(patient)
    for shown in practice_lists(selection):
        text = page_of(shown, selection.workings).decode()
        said = set(re.findall(r"C87\d{3}-\d{6}", text))
        assert said and said <= ids[shown.practice_id]
        others = set(selection.practices) - {shown.practice_id}
        assert not any(other in text for other in others)


def test_of_five_hundred_practices_no_page_holds_another_s_patient():
    practices, people = 500, 120
    codes = [f"P{p:05}" for p in range(practices) for _ in range(people)]
    table = {
        "practice_id": codes,
        "patient_id": [f"{code}-{n % people:03}" for n, code in enumerate(codes)],
        "age": [n * 7 % 101 for n in range(len(codes))],
        "care_home_type": ["nursing" if n % 13 == 0 else "none" for n in range(len(codes))],
        "nominated": [n % people == 5 for n in range(len(codes))],
        "mine": [n * 37 % 1009 / 10 for n in range(len(codes))],
    }
    register = cm.read_register(pa.table(table), as_of="2015-04-01")
    selection = cm.select(register, cm.load_scheme("rotherham-2015-16"), score="mine")
    pages = {shown.practice_id: page_of(shown, selection.workings) for shown in practice_lists(selection)}
    assert len(pages) == practices
    for practice, page in pages.items():
        assert {code.decode() for code in re.findall(rb"P\d{5}", page)} == {practice}


def test_what_the_script_reads_is_the_list(selection):
    (shown,) = practice_lists(selection, ["C87616"])
    data = data_of(page_of(shown, selection.workings))
    assert list(data["facts"]) == list(RETURN_FACTS[:-1])
    assert tuple(data["row"]) == RETURN_ROW
    assert data["facts"]["fingerprint"] == shown.fingerprint
    assert data["left"] == shown.judgement_left
    assert data["rows"]["list"] == [[each.mark, each.patient_id] for each in shown.listed]
    assert data["empty"] == [each.mark for each in shown.empty_rows]


def test_contributions_add_up_to_the_score_exactly(selection):
    from decimal import Decimal

    (shown,) = practice_lists(selection, ["C87616"])
    data = data_of(page_of(shown, selection.workings))
    for each, why in zip(shown.listed, data["why"]["list"], strict=True):
        if each.score is None:
            assert why is None
            continue
        total, *places = why
        amounts = [Decimal(data["said"][place][1].replace("−", "-")) for place in places]
        assert sum(amounts) == Decimal(total.replace("−", "-"))
        assert float(sum(amounts)) == pytest.approx(each.score, abs=1e-9)


def test_of_who_objected_nothing_is_said(selection):
    table = selection.register.to_arrow()
    objected = pa.array([n % 3 == 0 for n in range(table.num_rows)])
    at = table.column_names.index("objected")
    register = cm.read_register(table.set_column(at, "objected", objected), as_of="2021-01-01")
    made = cm.select(register, selection.scheme, model=selection.model)
    (shown,) = practice_lists(made, ["C87616"])
    data = data_of(page_of(shown, made.workings))
    silent = [why for each, why in zip(shown.listed, data["why"]["list"], strict=True) if each.score is None]
    assert silent and silent == [None] * len(silent)
    every = [why[1:] for sheet in data["why"].values() for why in sheet if why]
    assert {place for places in every for place in places} == set(range(len(data["said"])))


def test_given_scores_have_no_contributions_and_are_shown_all_the_same(selection):
    given = cm.select(selection.register, selection.scheme, score="frailty_deficits")
    (shown,) = practice_lists(given, ["C87616"])
    page = page_of(shown, given.workings)
    assert data_of(page)["why"] == {}
    assert b">Score</th>" in page


def test_hostile_values_add_no_tag_and_no_attribute():
    plain, hostile = (Parsed(page_of(a_practice_list(values))) for values in (["plain"] * len(HOSTILE), HOSTILE))
    assert plain.tags == hostile.tags
    assert [name for name, _ in plain.attributes] == [name for name, _ in hostile.attributes]


def test_hostile_values_survive_unchanged():
    page = page_of(a_practice_list(HOSTILE))
    data = data_of(page)
    for sheet in ("list", "judgement", "reviews", "removals"):
        assert [patient for _, patient in data["rows"][sheet]] == HOSTILE
    assert data["facts"]["practice_id"] == "".join(HOSTILE)
    block = re.search(rb'id="data">(.*?)</script>', page, re.DOTALL)[1].decode()
    assert not set("<>&\u2028\u2029") & set(block)


def test_data_is_no_markup_and_reads_back():
    data = {"a": "</script><!--&\u2028\u2029", "b": [1, None, True]}
    assert not set("<>&\u2028\u2029") & set(data_block(data))
    assert json.loads(str(data_block(data))) == data


def test_what_html_cannot_hold_is_written_so_that_it_is_seen():
    assert as_text("a\rb<") == "a&#13;b&lt;"
    assert as_text("a\0b") == "a␀b"
    assert as_text("<plain>") == "<plain>"  # the template escapes it


def test_the_script_ends_nowhere_but_at_its_end():
    script = (ASSETS / "page.js").read_text(encoding="utf-8")
    assert "</script" not in script.lower() and "<!--" not in script
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "XMLHttp"):
        assert word not in script
    for word in ("localStorage", "sessionStorage", "indexedDB", "cookie"):
        assert word not in script


def test_the_stylesheet_is_cut_from_the_package():
    place = os.environ.get("CASEMGMT_NODE_MODULES", "node_modules")
    package = Path(place) / "nhsuk-frontend"
    if not package.is_dir():
        pytest.skip("nhsuk-frontend is not installed: npm install --no-save nhsuk-frontend@10.6.1")
    assert (ASSETS / "nhsuk.css").read_text(encoding="utf-8") == stylesheet(package)


@pytest.mark.parametrize("wrong", ["C87616.htm", "C87616", "page.html.txt"])
def test_a_page_is_a_file_that_ends_in_html(selection, tmp_path, wrong):
    with pytest.raises(cm.InputError, match=r"ends in \.html"):
        selection.page("C87616", tmp_path / wrong)


def test_a_page_is_private_and_replaced_whole(selection, tmp_path):
    path = tmp_path / "C87616.html"
    path.write_text("earlier")
    assert selection.page("C87616", path) == path
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == page_of(*practice_lists(selection, ["C87616"]), selection.workings)


def test_no_page_of_a_practice_that_is_not_there(selection, tmp_path):
    with pytest.raises(cm.InputError, match="C87616"):
        selection.page("C87617", tmp_path / "x.html")


def test_a_publication_holds_a_page_of_each_practice_under_its_manifest(selection, tmp_path):
    folder = selection.save(tmp_path / "out", pages=True)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for practice in selection.practices:
        assert manifest["files"][f"practices/{practice}.html"]["practice_id"] == practice
        assert (folder / "practices" / f"{practice}.html").read_bytes().startswith(b"<!DOCTYPE html>")
    cm.load_selection(folder)
    page = folder / "practices" / "C87616.html"
    page.write_bytes(page.read_bytes().replace(b"Rank", b"Bank", 1))
    with pytest.raises(cm.VerifyError):
        cm.load_selection(folder)
