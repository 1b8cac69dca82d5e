"""Fills practices' workbooks in by LibreOffice's own hand: run by a Python that has its bridge, not imported.

``python3 fill_in_office.py PIPE FROM TO``: in each workbook the cover says who answers and when, the first ten rows of
the case-management list are accepted but for the first, which is declined, and nominations go up to 5 or the places
left. The live count of places is checked as it changes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def main(pipe: str, source: Path, target: Path) -> None:
    import uno
    from com.sun.star.beans import PropertyValue

    def option(name: str, value: object) -> object:
        made = PropertyValue()
        made.Name, made.Value = name, value
        return made

    here = uno.getComponentContext()
    resolver = here.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", here)
    office = None
    for _ in range(90):
        try:
            office = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            break
        except Exception:
            time.sleep(0.5)
    desktop = office.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", office)
    for path in sorted(source.glob("*.xlsx")):
        book = desktop.loadComponentFromURL(path.as_uri(), "_blank", 0, (option("Hidden", True),))
        fill(book)
        book.storeToURL((target / path.name).as_uri(), (option("FilterName", "Calc MS Excel 2007 XML"),))
        book.close(True)
    desktop.terminate()


def fill(book) -> None:
    cover = book.Sheets.getByName("Cover")
    for row in range(60):
        said = cover.getCellByPosition(0, row).String
        if said.startswith("Answers given by"):
            cover.getCellByPosition(1, row).String = "Dr A, GP partner"
        if said.startswith("Answers given on"):
            cover.getCellByPosition(1, row).FormulaLocal = "2015-04-20"
    managed, judgement = (book.Sheets.getByName(name) for name in ("Case-management list", "Judgement"))
    answer = column_of(managed, 4, "Answer")
    for row in range(5, 15):
        managed.getCellByPosition(answer, row).String = "declined" if row == 5 else "accept"
    left = int(judgement.getCellByPosition(2, 6).Value)
    answer = column_of(judgement, 9, "Answer")
    for number in range(min(left, 5)):
        judgement.getCellByPosition(answer, 10 + number).String = "accept"
        assert judgement.getCellByPosition(2, 5).Value == number + 1
        assert judgement.getCellByPosition(2, 6).Value == left - number - 1


def column_of(page, row: int, head: str) -> int:
    return [page.getCellByPosition(column, row).String for column in range(20)].index(head)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
