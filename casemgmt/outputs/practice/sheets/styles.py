"""How the cells of a practice's workbook look: few styles, made once a workbook; nothing is said by colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook

FONT, SIZE = "Arial", 9
# Dark text on pale ground, contrast above 7 to 1.
INK, QUIET, LINE, TO_FILL_IN, HEAD = "#212B32", "#4C6272", "#AEB7BD", "#FFF9C4", "#D8E4EF"

# Width in characters of the default font.
WIDTHS = {
    "Patient id": 13,
    "Rank": 6,
    "Risk": 12,
    "Why": 56,
    "Look because": 34,
    "Route": 10,
    "Standing": 8,
    "Care home": 14,
    "Age": 5,
    "Last review": 10,
    "Due": 24,
    "Case managed": 12,
    "Proposal": 18,
    "First proposed on": 12,
    "Answer": 13,
    "Order": 6,
    "Reason": 16,
    "Who": 11,
    "Date": 10,
    "Mark": 28,
}


class Styles:
    """The formats of one workbook."""

    def __init__(self, book: Workbook) -> None:
        base = {"font_name": FONT, "font_size": SIZE, "font_color": INK, "valign": "top"}
        edged = {**base, "border": 1, "border_color": LINE}

        def made(**more: object) -> Format:
            return book.add_format({**base, **more})

        self.title = made(font_size=14, bold=True)
        self.note = made()
        self.wrapped = made(text_wrap=True)
        self.strong = made(bold=True, align="left")
        self.caution = made(bold=True, text_wrap=True)
        self.head = book.add_format({**edged, "bold": True, "text_wrap": True, "bg_color": HEAD, "valign": "vcenter"})
        self.text = book.add_format({**edged, "num_format": "@"})
        self.wrapped_text = book.add_format({**edged, "num_format": "@", "text_wrap": True})
        self.number = book.add_format({**edged, "num_format": "0", "align": "center"})
        self.mark = book.add_format({**edged, "num_format": "@", "font_color": QUIET, "font_size": 8})
        to_fill_in = {**edged, "bg_color": TO_FILL_IN, "locked": False}
        self.answer = book.add_format({**to_fill_in, "num_format": "@", "text_wrap": True})
        self.date = book.add_format({**to_fill_in, "num_format": "yyyy-mm-dd"})
        self.order = book.add_format({**to_fill_in, "num_format": "0"})
        self.id_to_fill_in = book.add_format({**to_fill_in, "num_format": "@"})
