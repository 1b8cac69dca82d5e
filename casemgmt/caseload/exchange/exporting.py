"""The whole store, written flat into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.caseload.events.chain import heads_if_whole
from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.events.table import COLUMNS, stored_events
from casemgmt.caseload.exchange import package
from casemgmt.caseload.exchange.flat import as_text, flattened
from casemgmt.errors import VerifyError, not_one_of
from casemgmt.outputs.csv_text import to_csv
from casemgmt.outputs.folders import save_folder
from casemgmt.outputs.manifest import sha256
from casemgmt.parquet.writing import to_parquet

if TYPE_CHECKING:
    from casemgmt.caseload.store.keeping import Head, Store


@arguments.checked(folder=arguments.path, format=arguments.text, overwrite=arguments.yes_or_no)
def export(store: Store, folder: str | Path, format: str = "parquet", *, overwrite: bool = False) -> Path:
    """Write the store into a new folder, or in place of an earlier export; see :meth:`casemgmt.Caseload.export`."""
    if format not in package.FORMATS:
        raise not_one_of("format", package.FORMATS)
    known = store.heads()  # before the events, which may grow meanwhile
    events = store.events(COLUMNS)
    heads = heads_if_whole(stored_events(events))
    if heads is None or not all(_is_reached(head, heads.get(code)) for code, head in known.items()):
        raise VerifyError(
            f"{store.where}: a chain of events is not whole, and nothing was exported. Run verify, which says where."
        )
    data = to_csv(as_text(flattened(events))) if format == "csv" else to_parquet(flattened(events))
    practices = len(heads.keys() - {STORE})
    files = {
        package.events_file(format): data,
        package.PACKAGE: package.package_text(format, data, sha256(data), events.num_rows, heads),
        package.README: package.readme_text(format, events.num_rows, practices),
    }
    return save_folder(package.KIND, files, {"events": events.num_rows}, Path(folder), overwrite=overwrite)


def _is_reached(head: Head, end: tuple[int, bytes] | None) -> bool:
    """Whether a chain goes as far as its head, so that none of its last events is gone."""
    return end is not None and (end == (head.number, head.hash) or end[0] > head.number)
