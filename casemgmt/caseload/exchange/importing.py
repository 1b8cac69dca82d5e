"""An export read into a new store, moments and hashes as they were."""

from __future__ import annotations

from pathlib import Path

from casemgmt import arguments
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.exchange.reading import read_export


@arguments.checked(folder=arguments.path)
def import_caseload(folder: str | Path, where: str | Path) -> Caseload:
    """Read a store that :meth:`casemgmt.Caseload.export` wrote into a new one: nothing is lost on the way.

    Every file is held against its SHA-256 and every event against its hash first; then all is written at once, so that
    the new store is whole or not there. What is exported from it again has the same bytes.

    Parameters
    ----------
    folder : of the export, in either format
    where : the path of a new file, or the address of an empty PostgreSQL database; see :func:`casemgmt.open_caseload`

    Returns
    -------
    Caseload
        the new one, open

    Raises
    ------
    InputError : the folder is no export of a caseload
    VerifyError : a file of the export was changed: which, and where
    PublishError : the place is not empty, or the store could not be written

    Examples
    --------
    >>> with cm.open_caseload("caseload.sqlite", create=True, review_every_months=3) as caseload:
    ...     folder = caseload.export("exported")
    >>> with cm.import_caseload("exported", "copy.sqlite") as caseload:
    ...     caseload.settings.review_every_months
    3
    """
    from casemgmt.caseload.opening import restored_caseload

    return restored_caseload(where, read_export(Path(folder)))
