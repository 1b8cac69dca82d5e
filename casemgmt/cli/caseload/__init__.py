"""``casemgmt caseload``: the caseload over time, from the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from casemgmt.cli.caseload.asking import due, history, status
from casemgmt.cli.caseload.deciding import decide, propose, record
from casemgmt.cli.caseload.keeping import export, import_, init, verify

# In the order of a year's work.
COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "init": init,
    "propose": propose,
    "decide": decide,
    "record": record,
    "status": status,
    "due": due,
    "history": history,
    "verify": verify,
    "export": export,
    "import": import_,
}
