"""Publishing a report: every file of it, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from casemgmt.disk import Bytes
from casemgmt.outputs.disclosure.earlier import REPLACED
from casemgmt.outputs.folders import Kind, save_folder
from casemgmt.outputs.manifest import REPORT
from casemgmt.outputs.report.layout import FIGURES, FILES, PAGE, WORKBOOK, figure_file
from casemgmt.outputs.report.making import Made, figure_csv
from casemgmt.outputs.report.page import page_of
from casemgmt.outputs.report.periods_told import EARLIER
from casemgmt.outputs.report.workbook import workbook_of

KIND = Kind(called="report", format=REPORT, folders=(FIGURES,), may_hold=FILES.__contains__)


def files_of(made: Made) -> dict[str, Bytes]:
    """Every file of a report but its manifest."""
    files: dict[str, Bytes] = {figure_file(figure.name): figure_csv(figure, made.facts) for figure in made.figures}
    return {PAGE: page_of(made).encode(), WORKBOOK: workbook_of(made), **files}


def save(made: Made, folder: Path, *, overwrite: bool) -> Path:
    """Write a report to a new folder, or in place of an earlier one.

    Raises
    ------
    PublishError : the folder holds something else, or cannot be written; what was there is left as it was
    """
    said: dict[str, Any] = {"facts": dict(made.facts), "said": dict(made.said)}
    said["scheme"] = {"id": made.facts["scheme"], "text": made.said["scheme"]}
    if made.replaced:
        said[REPLACED] = [dict(each) for each in made.replaced]
    if made.periods_replaced:
        said[EARLIER] = [dict(each) for each in made.periods_replaced]
    return save_folder(KIND, files_of(made), said, folder, overwrite=overwrite)
