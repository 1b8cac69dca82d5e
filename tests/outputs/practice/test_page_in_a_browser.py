"""The page of a practice in a real browser: answers, the cap, sorting, finding, saving, and nothing asked for."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from a_practice_list import a_practice_list
from browser import axe_source, chromium, needs_chromium, opened
from hostile_values import HOSTILE

import casemgmt as cm
from casemgmt.outputs.practice.answers import RETURN_FACTS, RETURN_FORMAT, RETURN_ROW, RETURN_VERSION
from casemgmt.outputs.practice.making import practice_lists
from casemgmt.outputs.practice.page.tables import sentence
from casemgmt.outputs.practice.page.writing import page_of

pytestmark = needs_chromium
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def selection():
    register = cm.synthesise("C87616", seed=1)
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("demonstration-admission")
    before = cm.select(register, scheme, score="frailty_deficits")
    return cm.select(register, scheme, model=model, previous=before)


@pytest.fixture(scope="module")
def shown(selection):
    """The beginning of each sheet: enough to see everything once, and quick to open."""
    whole = next(iter(practice_lists(selection)))
    return replace(
        whole,
        listed=whole.listed[:20] + whole.listed[-20:],
        candidates=whole.candidates[:30],
        reviews=whole.reviews[:10] + whole.reviews[-10:],
        removals=whole.removals[:10],
    )


@pytest.fixture(scope="module")
def real(selection, shown, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "C87616.html"
    path.write_bytes(page_of(shown, selection.workings))
    return path


@pytest.fixture
def small(tmp_path):
    """Six patients a sheet, and two places that are left."""
    path = tmp_path / "small.html"
    path.write_bytes(page_of(a_practice_list(list("abcdef"), text="P1")))
    return path


def table(page, sheet):
    return page.locator(f'table[data-sheet="{sheet}"]')


def rows(page, sheet):
    return table(page, sheet).locator("tbody tr:not([hidden])")


def column(page, sheet, heading):
    """The texts of a column, from the top down, of the rows that are shown."""
    script = """(table, heading) => {
        const at = Array.from(table.tHead.rows[1].cells).findIndex((cell) => cell.textContent.trim() === heading);
        return Array.from(table.tBodies[0].rows).filter((tr) => !tr.hidden).map((tr) => tr.cells[at].textContent);
    }"""
    return table(page, sheet).evaluate(script, heading)


def sort_by(page, sheet, heading):
    table(page, sheet).get_by_role("button", name=heading, exact=True).click()


def ticks(page):
    return table(page, "judgement").locator("input[type=checkbox]")


def saved_to(page, who, date):
    """What the browser has downloaded."""
    page.fill("#who", who)
    page.fill("#date", date)
    with page.expect_download() as waiting:
        page.click("#save")
    return waiting.value


def save(page, who="A. Clinician", date="2015-04-20"):
    download = saved_to(page, who, date)
    return download.suggested_filename, json.loads(Path(download.path()).read_text(encoding="utf-8"))


def test_a_page_opens_and_says_how_many_there_are(browser, real, shown):
    with opened(browser, real) as it:
        assert rows(it.page, "list").count() == len(shown.listed)
        assert (
            it.page.locator('[data-for="list"] [data-count]').inner_text() == f"All {len(shown.listed)} patients shown."
        )
        assert it.page.title() == "Case-management list of practice C87616, 1 January 2021"


def test_ticks_count_the_places_down(browser, small):
    with opened(browser, small) as it:
        said = it.page.locator("[data-places]")
        assert said.inner_text() == "0 patients nominated here, 2 places left."
        ticks(it.page).nth(1).check()
        assert said.inner_text() == "1 patient nominated here, 1 place left."
        ticks(it.page).nth(1).uncheck()
        assert said.inner_text() == "0 patients nominated here, 2 places left."


def test_nobody_is_nominated_beyond_the_places_left_and_the_page_says_why(browser, small):
    with opened(browser, small) as it:
        ticks(it.page).nth(0).check()
        ticks(it.page).nth(4).check()
        ticks(it.page).nth(2).click()
        assert not ticks(it.page).nth(2).is_checked()
        said = it.page.locator("[data-places]")
        assert said.inner_text().startswith("All 2 places that were left are used.")
        assert said.get_attribute("role") == "status"
        it.page.fill("#patient-empty-0", "someone else")
        it.page.locator("#patient-empty-0").blur()
        assert "All 2 places" in it.page.locator("#patient-empty-0-error").inner_text()
        ticks(it.page).nth(0).uncheck()
        it.page.fill("#patient-empty-0", "somebody else")
        it.page.locator("#patient-empty-0").blur()
        assert it.page.locator("#patient-empty-0-error").is_hidden()
        _, found = save(it.page)
        assert [row["patient_id"] for row in found["rows"]] == ["e", "somebody else"]


def test_where_no_place_is_left_nobody_can_be_nominated(browser, tmp_path):
    path = tmp_path / "full.html"
    path.write_bytes(page_of(a_practice_list(list("abc"), left=0, text="P1")))
    with opened(browser, path) as it:
        ticks(it.page).nth(0).click()
        assert not ticks(it.page).nth(0).is_checked()
        assert it.page.locator("[data-places]").inner_text() == "No place is left: nobody more can be nominated."


def test_nobody_is_written_in_twice(browser, small):
    with opened(browser, small) as it:
        for at, patient in enumerate(("b", "z", "z")):
            it.page.fill(f"#patient-empty-{at}", patient)
            it.page.locator(f"#patient-empty-{at}").blur()
        assert "stands in a table above" in it.page.locator("#patient-empty-0-error").inner_text()
        assert it.page.locator("#patient-empty-1-error").is_hidden()
        assert "written twice" in it.page.locator("#patient-empty-2-error").inner_text()


def test_more_rows_for_anyone_else_come_one_by_one(browser, small):
    with opened(browser, small) as it:
        button = it.page.get_by_role("button", name="Add another")
        assert it.page.locator(".cm-empty:visible").count() == 3
        for _ in range(7):
            button.click()
        assert it.page.locator(".cm-empty:visible").count() == 10
        assert button.count() == 0


@pytest.mark.parametrize("sheet", ["list", "judgement"])
def test_sorting_by_age_gives_the_ages_in_order_and_says_so(browser, real, shown, sheet):
    persons = shown.listed if sheet == "list" else shown.candidates
    ages = sorted(each.age for each in persons)
    with opened(browser, real) as it:
        for wanted, said in ((ages, "ascending"), (ages[::-1], "descending")):
            sort_by(it.page, sheet, "Age")
            assert column(it.page, sheet, "Age") == [str(age) for age in wanted]
            heading = table(it.page, sheet).locator("th[aria-sort]")
            assert heading.count() == 1 and heading.get_attribute("aria-sort") == said
            assert it.page.get_by_text(f"Sorted by Age, {said}.").count() == 1


def test_dates_sort_as_dates_and_risks_as_risks(browser, real, shown):
    with opened(browser, real) as it:
        sort_by(it.page, "list", "Last review")
        in_order = sorted(shown.listed, key=lambda each: each.last_review.isoformat() if each.last_review else "0")
        assert column(it.page, "list", "Patient") == [each.patient_id for each in in_order]
        sort_by(it.page, "list", "Risk")
        in_order = sorted(shown.listed, key=lambda each: -1 if each.risk is None else each.risk)
        assert column(it.page, "list", "Patient") == [each.patient_id for each in in_order]


def test_sorting_and_answering_work_from_the_keyboard(browser, small):
    with opened(browser, small) as it:
        it.page.keyboard.press("Tab")
        assert it.page.evaluate("document.activeElement.textContent") == "Skip to main content"
        heading = table(it.page, "list").get_by_role("button", name="Patient", exact=True)
        heading.focus()
        it.page.keyboard.press("Enter")
        it.page.keyboard.press("Space")
        assert column(it.page, "list", "Patient") == list("fedcba")
        ticks(it.page).nth(0).focus()
        it.page.keyboard.press("Space")
        assert ticks(it.page).nth(0).is_checked()
        shadow = "getComputedStyle(document.activeElement.labels[0], '::before').boxShadow"
        assert it.page.evaluate(shadow) != "none"


def test_an_answer_stays_with_its_patient_when_the_table_is_sorted(browser, small):
    with opened(browser, small) as it:
        it.page.get_by_label("Answer for patient b", exact=True).first.select_option("declined")
        sort_by(it.page, "list", "Patient")
        sort_by(it.page, "list", "Patient")
        _, found = save(it.page)
        (row,) = found["rows"]
        assert (row["mark"], row["patient_id"], row["answer"]) == ("1-list-1", "b", "declined")


def test_finding_shows_who_fits_and_says_how_many(browser, real, shown):
    with opened(browser, real) as it:
        count = it.page.locator('[data-for="list"] [data-count]')
        wanted = [each.patient_id for each in shown.listed if each.standing == "new"]
        it.page.select_option("#only-list", "standing:new")
        assert column(it.page, "list", "Patient") == wanted
        assert count.inner_text() == f"{len(wanted)} patients of {len(shown.listed)} shown."
        it.page.select_option("#only-list", "")
        it.page.fill("#find-list", shown.listed[7].patient_id.lower())
        assert column(it.page, "list", "Patient") == [shown.listed[7].patient_id]
        assert count.inner_text() == f"1 patient of {len(shown.listed)} shown."
        it.page.fill("#find-list", "nobody has this")
        assert rows(it.page, "list").count() == 0


def test_answered_and_open_rows_can_be_told_apart(browser, small):
    with opened(browser, small) as it:
        it.page.get_by_label("Answer for patient c", exact=True).first.select_option("accept")
        it.page.select_option("#only-list", "answered")
        assert column(it.page, "list", "Patient") == ["c"]
        it.page.select_option("#only-list", "open")
        assert column(it.page, "list", "Patient") == list("abdef")


def test_a_reason_opens_to_what_adds_to_the_score_exactly(browser, real, selection, shown):
    with opened(browser, real) as it:
        first = rows(it.page, "list").first
        first.locator("summary").click()
        cells = first.locator(".cm-sum tbody tr").all()
        amounts = [Decimal(row.locator("td").first.inner_text().replace("−", "-")) for row in cells]
        words = [row.locator("th").inner_text() for row in cells]
        total = Decimal(first.locator(".cm-sum tfoot td").first.inner_text().replace("−", "-"))
        assert sum(amounts) == total
        told = selection.explain(shown.listed[0].patient_id)
        exact = dict(zip(told.column("words").to_pylist(), told.column("millionths").to_pylist(), strict=True))
        unit = 10**6 * selection.model.divide_by
        assert {word: amount * unit for word, amount in zip(words, amounts, strict=True)} == {
            sentence(word): amount for word, amount in exact.items() if amount
        }


def test_what_is_saved_is_the_documented_file(browser, small):
    with opened(browser, small) as it:
        ticks(it.page).nth(3).check()
        row = rows(it.page, "judgement").nth(3)
        row.get_by_label("Reason for patient d").fill("frail since March")
        it.page.get_by_label("Answer for patient a", exact=True).first.select_option("accept")
        it.page.get_by_label("Answer for patient b", exact=True).last.select_option("keep")
        reviews = rows(it.page, "reviews").nth(2)
        reviews.get_by_label("Answer for patient c", exact=True).select_option("done")
        reviews.get_by_label("Day of the review for patient c").fill("2015-03-30")
        name, found = save(it.page)
    assert name == "P1-answers-2015-04-01.json"
    assert list(found) == list(RETURN_FACTS)
    assert (found["format"], found["format_version"]) == (RETURN_FORMAT, RETURN_VERSION)
    assert (found["practice_id"], found["scheme"], found["as_of"]) == ("P1", "P1", "2015-04-01")
    who = {"who": "A. Clinician", "order": None}
    wanted = [
        {
            "mark": "1-list-0",
            "patient_id": "a",
            "sheet": "list",
            "answer": "accept",
            "reason": "",
            "date": "2015-04-20",
        },
        {
            "mark": "1-judgement-3",
            "patient_id": "d",
            "sheet": "judgement",
            "answer": "accept",
            "reason": "frail since March",
            "date": "2015-04-20",
        },
        {
            "mark": "1-reviews-2",
            "patient_id": "c",
            "sheet": "reviews",
            "answer": "done",
            "reason": "",
            "date": "2015-03-30",
        },
        {
            "mark": "1-removals-1",
            "patient_id": "b",
            "sheet": "removals",
            "answer": "keep",
            "reason": "",
            "date": "2015-04-20",
        },
    ]
    assert found["rows"] == [row | who for row in wanted]
    assert all(tuple(row) == RETURN_ROW for row in found["rows"])


def test_nothing_is_saved_without_an_answer_a_name_and_a_date(browser, small):
    with opened(browser, small) as it:
        it.page.fill("#date", "")
        it.page.click("#save")
        errors = it.page.locator("[data-errors]")
        assert errors.locator("li").all_inner_texts() == [
            "There is no answer yet.",
            "Write your name.",
            "Write the date of your answers.",
        ]
        assert it.page.evaluate("document.activeElement.hasAttribute('data-errors')")
        errors.get_by_role("link", name="Write your name.").click()
        assert it.page.evaluate("document.activeElement.id") == "who"


def test_saved_answers_can_be_opened_again_and_changed(browser, small, tmp_path):
    with opened(browser, small) as it:
        ticks(it.page).nth(0).check()
        it.page.get_by_label("Answer for patient c", exact=True).first.select_option("not appropriate")
        it.page.get_by_label("Reason for patient c").first.fill("in hospital")
        it.page.fill("#patient-empty-0", "new one")
        it.page.fill("#why-empty-0", "fell twice")
        it.page.locator("#why-empty-0").blur()
        _, first = save(it.page)
        assert "Saved 3 answers" in it.page.locator("[data-progress]").inner_text()
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(first), encoding="utf-8")
    with opened(browser, small) as it:
        it.page.set_input_files("#open", saved)
        it.page.get_by_text("3 answers of 3 rows of that file taken over.").wait_for()
        assert ticks(it.page).nth(0).is_checked()
        assert it.page.input_value("#patient-empty-0") == "new one"
        it.page.get_by_label("Answer for patient a", exact=True).first.select_option("accept")
        _, second = save(it.page, who="Someone else", date="2015-05-01")
    new, *kept = second["rows"]
    assert kept == first["rows"]
    assert (new["patient_id"], new["who"], new["date"]) == ("a", "Someone else", "2015-05-01")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no JSON", "holds no answers"),
        ("[1]", "holds no answers"),
        ('{"format": "casemgmt practice return"}', "answers to another list"),
    ],
)
def test_a_file_of_another_list_changes_nothing(browser, small, tmp_path, text, said):
    other = tmp_path / "other.json"
    other.write_text(text, encoding="utf-8")
    with opened(browser, small) as it:
        ticks(it.page).nth(0).check()
        it.page.set_input_files("#open", other)
        it.page.get_by_text(said).wait_for()
        assert ticks(it.page).nth(0).is_checked()
        assert it.page.locator("[data-bar]").inner_text().startswith("1 answer.")


def answer_some(page, shown, someone_else):
    """A few answers of each kind, and what must come of them: (sheet, patient, answer)."""
    listed, reviews, removals = shown.listed[:3], shown.reviews[:2], shown.removals[:2]
    nominated = shown.candidates[: max(min(3, shown.judgement_left - 1), 0)]
    for row, answer in zip(rows(page, "list").all()[: len(listed)], ("accept", "declined", "accept"), strict=False):
        row.locator("select").select_option(answer)
    for each in ticks(page).all()[: len(nominated)]:
        each.check()
    for row in rows(page, "reviews").all()[: len(reviews)]:
        row.locator("select").select_option("done")
        row.locator("input[type=date]").fill("2021-02-03")
    for row in rows(page, "removals").all()[: len(removals)]:
        row.locator("select").select_option("keep")
    written_in = [someone_else] if shown.judgement_left else []
    for patient in written_in:
        page.fill("#patient-empty-0", patient)
        page.locator("#patient-empty-0").blur()
    return {
        *((("list", each.patient_id, a) for each, a in zip(listed, ("accept", "declined", "accept"), strict=False))),
        *(("judgement", each.patient_id, "accept") for each in nominated),
        *(("judgement", patient, "accept") for patient in written_in),
        *(("reviews", each.patient_id, "done") for each in reviews),
        *(("removals", each.patient_id, "keep") for each in removals),
    }


def somebody_else(selection, shown):
    """A patient on the practice's list who stands on no sheet."""
    register = selection.register
    named = {each.patient_id for sheet in (shown.listed, shown.candidates, shown.removals) for each in sheet}
    ids, barred = register.column("patient_id").to_pylist(), set()
    for name in ("died", "left", "objected"):
        if name in register.packed.slots:
            barred |= {patient for patient, is_so in zip(ids, register.packed.is_set(name), strict=True) if is_so}
    practices = register.column("practice_id").to_pylist()
    own = (p for p, code in zip(ids, practices, strict=True) if code == shown.practice_id)
    return next(p for p in own if p not in named and p not in barred)


def test_what_is_saved_is_read_back_whole(browser, selection, tmp_path):
    (whole,) = practice_lists(selection, ["C87616"])
    path = selection.page("C87616", tmp_path / "C87616.html")
    with opened(browser, path) as it:
        wanted = answer_some(it.page, whole, somebody_else(selection, whole))
        saved_to(it.page, "A. Clinician", "2021-02-01").save_as(tmp_path / "C87616.json")
    found = cm.read_returns(tmp_path / "C87616.json", selection)
    assert found.explained.to_pylist() == []
    names = ("sheet", "patient_id", "answer")
    assert set(zip(*(found.accepted.column(name).to_pylist() for name in names), strict=True)) == wanted
    assert found.accepted.num_rows == len(wanted)
    assert set(found.accepted.column("who").to_pylist()) == {"A. Clinician"}
    twice = cm.read_returns([tmp_path / "C87616.json"] * 2, selection)
    assert twice.accepted.equals(found.accepted)


def test_a_date_far_from_that_of_the_list_is_not_saved(browser, small):
    with opened(browser, small) as it:
        ticks(it.page).nth(0).check()
        it.page.fill("#who", "A. Clinician")
        it.page.fill("#date", "2019-01-01")
        it.page.click("#save")
        said = it.page.locator("[data-errors] li").all_inner_texts()
        assert said == ["A date is more than two years from that of the list."]


@pytest.mark.long
def test_a_round_trip_through_every_page_of_rotherham(browser, tmp_path):
    register = cm.synthesise("03L", seed=1)
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
    selection = cm.select(register, scheme, model=model)
    folder, wanted = selection.save(tmp_path / "out", pages=True), {}
    (tmp_path / "returns").mkdir()
    for shown in practice_lists(selection):
        with opened(browser, folder / "practices" / f"{shown.practice_id}.html") as it:
            wanted[shown.practice_id] = answer_some(it.page, shown, somebody_else(selection, shown))
            saved_to(it.page, "A. Clinician", "2021-02-01").save_as(tmp_path / "returns" / f"{shown.practice_id}.json")
    found = cm.read_returns(tmp_path / "returns", selection)
    assert found.explained.to_pylist() == []
    for practice, answers in wanted.items():
        own = found.practice(practice)
        names = ("sheet", "patient_id", "answer")
        assert set(zip(*(own.column(name).to_pylist() for name in names), strict=True)) == answers
    after = cm.select(
        register, scheme, model=model, nominations=found.nominations(), ended=found.ended(), previous=selection
    )
    nominated = {p for rows in wanted.values() for sheet, p, _ in rows if sheet == "judgement"}
    table = after.to_arrow(reasons=False)
    placed = dict(zip(table.column("patient_id").to_pylist(), table.column("place").to_pylist(), strict=True))
    assert all(placed[patient] is not None for patient in nominated)


def test_leaving_with_answers_that_are_not_saved_is_asked_about(browser, small):
    # What a browser sends before it leaves a page; whoever prevents it has the user asked.
    leaving = """() => {
        const event = new Event("beforeunload", { cancelable: true });
        dispatchEvent(event);
        return event.defaultPrevented;
    }"""
    with opened(browser, small) as it:
        assert it.page.evaluate(leaving) is False
        ticks(it.page).nth(0).check()
        assert it.page.evaluate(leaving) is True
        save(it.page)
        assert it.page.evaluate(leaving) is False


def test_hostile_values_execute_nothing_and_survive_unchanged(browser, tmp_path):
    path = tmp_path / "hostile.html"
    path.write_bytes(page_of(a_practice_list(HOSTILE, left=len(HOSTILE))))
    with opened(browser, path) as it:
        page = it.page
        for sheet in ("list", "judgement", "reviews", "removals"):
            assert column(page, sheet, "Patient") == HOSTILE
        assert column(page, "list", "Route") == HOSTILE
        assert column(page, "reviews", "When") == HOSTILE
        assert page.locator(".cm-legend dt").all_text_contents() == HOSTILE
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        for sheet in ("list", "judgement", "reviews", "removals"):
            script = """(table) => table.querySelectorAll('.cm-answer select').forEach((select) => {
                select.value = 'declined' ; if (!select.value) select.selectedIndex = 1;
                select.dispatchEvent(new Event('change'));
            })"""
            table(page, sheet).evaluate(script)
        page.fill("#patient-empty-0", HOSTILE[0] + HOSTILE[1])
        page.fill("#why-empty-0", HOSTILE[2][:300])
        page.locator("#why-empty-0").blur()
        for heading in ("Patient", "Route", "Care home"):
            sort_by(page, "list", heading)
        page.fill("#find-list", "<script>")
        name, found = save(page, who=HOSTILE[5][:100])
        ids = [row["patient_id"] for row in found["rows"]]
        assert ids == HOSTILE + HOSTILE + [HOSTILE[0] + HOSTILE[1]] + HOSTILE + HOSTILE or sorted(ids) == sorted(
            HOSTILE * 4 + [HOSTILE[0] + HOSTILE[1]]
        )
        assert found["practice_id"] == "".join(HOSTILE)
        assert re.fullmatch(r"[A-Za-z0-9_-]+\.json", name)
        page.wait_for_timeout(200)
        assert page.evaluate("window.ran") is None


def violations(page):
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    return [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found]


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_no_violation(browser, real, viewport):
    source = axe_source()
    with opened(browser, real, viewport=viewport) as it:
        it.page.evaluate(source)
        assert violations(it.page) == []
        for sheet in ("list", "judgement", "reviews"):
            rows(it.page, sheet).first.locator("select").last.select_option(index=2)
        ticks(it.page).nth(1).check()
        rows(it.page, "list").first.locator("summary").click()
        it.page.fill("#patient-empty-0", column(it.page, "list", "Patient")[0])
        it.page.click("#save")
        sort_by(it.page, "list", "Age") if viewport is WIDE else None
        assert violations(it.page) == []


@pytest.mark.long
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_no_violation_in_a_whole_page(browser, selection, tmp_path, viewport):
    source, path = axe_source(), selection.page("C87616", tmp_path / "C87616.html")
    with opened(browser, path, viewport=viewport) as it:
        it.page.evaluate(source)
        assert violations(it.page) == []


def test_what_is_printed_has_every_reason_and_no_control(browser, real, shown):
    with opened(browser, real) as it:
        it.page.emulate_media(media="print")
        assert it.page.locator("#save").is_hidden()
        assert it.page.locator(".cm-tools").first.is_hidden()
        assert it.page.locator("#bar").is_hidden()
        listed = rows(it.page, "list").first
        others = listed.locator("li").all()
        assert len(others) == len(shown.listed[0].reasons) - 1
        assert all(each.is_visible() for each in others)
        assert table(it.page, "list").locator("tr.cm-print-only").is_visible()


def test_the_page_can_be_read_where_scripts_are_switched_off(browser, real, shown):
    with opened(browser, real, java_script_enabled=False) as it:
        assert it.page.get_by_text("This page can be read and printed, and not be answered").is_visible()
        assert it.page.locator("#save").is_hidden()
        assert it.page.locator('table[data-sheet="list"] tbody tr').count() == len(shown.listed)


def test_a_narrow_table_is_a_table_to_a_screen_reader(browser, small):
    with opened(browser, small, viewport=NARROW) as it:
        found = it.page.get_by_role("table", name="6 patients on the case-management list")
        assert found.get_by_role("row").count() == 1 + 6
        assert found.get_by_role("columnheader", name="Rank").count() == 1
        assert found.get_by_role("rowheader", name="a", exact=True).count() == 1
        assert found.get_by_role("cell").count() == 6 * 9


def test_printing_opens_every_reason_and_closes_it_again(browser, real):
    with opened(browser, real) as it:
        first = rows(it.page, "list").first.locator("details")
        for event, is_open in (("beforeprint", True), ("afterprint", False)):
            it.page.evaluate(f"dispatchEvent(new Event('{event}'))")
            assert first.evaluate("(details) => details.open") is is_open
        assert it.page.locator(".cm-sum").count() == 0


def test_the_narrow_page_scrolls_in_one_direction_alone(browser, real):
    with opened(browser, real, viewport=NARROW) as it:
        assert it.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
