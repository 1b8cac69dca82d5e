"""``casemgmt warm``: machine code made before it is needed."""

from __future__ import annotations

from typing import Annotated

import typer

from casemgmt.cli.show import give, say, working


def warm(
    check: Annotated[
        bool, typer.Option("--check", help="Make nothing; end with code 1 where something is not kept or is damaged.")
    ] = False,
) -> None:
    """Compile what long registers need and keep it, so that no later process waits for it."""
    from casemgmt.results.warming import warm as made

    with working("Looking at what is kept" if check else "Compiling, once for this processor"):
        kept = made(check=check)
    give(folder=str(kept.folder), loops=kept.loops, bytes=kept.bytes, seconds=kept.seconds)
    say(f"{kept.loops} compiled loops, {kept.bytes / 1000:,.0f} kB, are kept in {kept.folder} ({kept.seconds:.1f} s).")
