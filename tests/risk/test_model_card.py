"""The card of a model says what TRIPOD+AI asks for, and marks what a person must still write."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import casemgmt as cm
from casemgmt.risk.card.items import ITEMS
from casemgmt.risk.card.page import TO_WRITE, model_card

# The numbering of the published checklist: how many lettered parts each of the 27 items has, none where it has none.
PARTS = {3: 3, 5: 2, 6: 3, 8: 3, 9: 3, 12: 7, 18: 6, 20: 3, 23: 2, 27: 3}


def test_the_inventory_is_that_of_the_statement_27_items_and_52_parts_in_order():
    expected = [f"{n}{'abcdefg'[part] if n in PARTS else ''}" for n in range(1, 28) for part in range(PARTS.get(n, 1))]
    assert len(expected) == 52
    assert [item.number for item in ITEMS] == expected
    assert all(item.part and item.subject and item.asks for item in ITEMS)


@pytest.mark.parametrize("name", cm.list_models())
def test_every_item_stands_once_on_the_card_of_every_shipped_model(name):
    page = model_card(cm.load_model(name))
    assert re.findall(r"^\*\*(\d+[a-g]?) · ", page, re.M) == [item.number for item in ITEMS]


def left_on(page: str) -> list[str]:
    return re.search(r"left for a person to write: (.*)\.$", page, re.M)[1].split(", ")


def test_what_nobody_has_written_is_marked_and_counted():
    page = model_card(cm.load_model("charlson"))
    left = left_on(page)
    assert f"{len(left)} items are left" in page
    blocks = re.split(r"^\*\*(\d+[a-g]?) · ", page, flags=re.M)[1:]
    marked = [number for number, words in zip(blocks[::2], blocks[1::2], strict=True) if f"{TO_WRITE}." in words]
    assert marked == left


def test_what_a_person_says_is_added_and_no_longer_asked_for():
    model = cm.load_model("charlson")
    before, after = model_card(model), model_card(model, {"18a": "No funding.", "5a": "Records of 2014."})
    assert set(left_on(before)) - set(left_on(after)) == {"18a"}
    assert "No funding." in after
    assert "why these data" in before and "why these data" not in after.replace(ITEMS[6].asks, "")
    assert model.source in after


def test_everything_can_be_written_and_then_nothing_is_left():
    page = model_card(cm.load_model("charlson"), {item.number: "Said." for item in ITEMS})
    assert TO_WRITE not in page
    assert "left for a person" not in page


def test_a_number_that_is_no_item_is_refused():
    with pytest.raises(cm.ModelError, match="no item '28'"):
        model_card(cm.load_model("charlson"), {"28": "x"})


def test_a_demonstration_model_says_so_first():
    lines = model_card(cm.load_model("demonstration-admission")).split("\n")
    assert "Demonstration only" in lines[2]


def test_words_of_a_model_file_are_shown_and_start_no_heading_and_no_html():
    hostile = "<script>alert(1)</script>\n\n## 26 Limits: none"
    model = replace(cm.load_model("charlson"), title=hostile, outcome=hostile, source=hostile, not_for=hostile)
    card = model_card(model)
    assert "<script" not in card
    assert card.count("&lt;script>") == 6
    assert not [line for line in card.splitlines() if line.startswith("## 26")]
