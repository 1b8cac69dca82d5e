"""``casemgmt governance``: the pack of a published selection."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casemgmt.cli.show import give, say, wrote


def governance(
    selection: Annotated[Path, typer.Argument(metavar="DIR", help="A published selection.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to make.")],
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|PATH", help="The model that ranked, for its card. [default: by its name]"),
    ] = None,
    confirmed: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Who confirmed what: [[confirmation]] tables.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier pack in that folder.")] = False,
) -> None:
    """Write the governance pack: data, opt-outs, model card, scheme, hazard log, and who confirmed what."""
    from casemgmt.results.published import load_selection
    from casemgmt.risk.files import list_models, load_model

    lists = load_selection(selection)
    known = model or next((name for name in list_models() if lists.facts["ranked_by"].startswith(f"{name} ")), None)
    ranked = None if known is None else load_model(known)
    lists.governance_pack(out, model=ranked, confirmations=confirmed, overwrite=overwrite)
    wrote(out)
    give(model=known, confirmed=confirmed is not None)
    say(f"Saved in {out}: begin with index.html. It holds whole counts and stays with those responsible for the data.")
    if confirmed is None:
        say("Nobody has confirmed anything in it yet: give --confirmed FILE.toml.")
