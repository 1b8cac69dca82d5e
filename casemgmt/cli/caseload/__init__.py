"""``casemgmt caseload``: the caseload over time, from the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from casemgmt.cli.caseload.asking import due, history, status
from casemgmt.cli.caseload.counting import homes, letters, list_sizes, payments
from casemgmt.cli.caseload.deciding import decide, propose, record
from casemgmt.cli.caseload.keeping import export, import_, init, migrate, verify
from casemgmt.cli.caseload.measures import measures
from casemgmt.cli.caseload.reporting import report

# In the order of a year's work.
COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "init": init,
    "propose": propose,
    "decide": decide,
    "record": record,
    "status": status,
    "due": due,
    "letters": letters,
    "history": history,
    "homes": homes,
    "list-sizes": list_sizes,
    "payments": payments,
    "measures": measures,
    "report": report,
    "verify": verify,
    "export": export,
    "import": import_,
    "migrate": migrate,
}
