"""What a shell completes: names that ship, and what installing the completion may change on a machine."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_args

import typer

from casemgmt import system

_WINDOWS = ("powershell", "pwsh")
_ADD_IT_YOURSELF = (
    "nothing was installed: it would also loosen which scripts PowerShell may run. Add the completion to your profile "
    "yourself: casemgmt --show-completion | Out-File -Append -Encoding utf8 $PROFILE"
)


def _models() -> list[str]:
    from casemgmt.risk.files import list_models

    return list_models()


def _schemes() -> list[str]:
    from casemgmt.scheme.files import list_schemes

    return list_schemes()


def _codelists() -> list[str]:
    from casemgmt.codes.listfiles import list_codelists

    return list_codelists()


# By the name of a parameter; a command's own argument by the command.
_NAMES: Mapping[str, Callable[[], list[str]]] = {
    **dict.fromkeys(("scheme", "scheme_before", "schemes name"), _schemes),
    **dict.fromkeys(("model", "model_before", "models name"), _models),
    "codelist": _codelists,
}


def complete_names(parameters: Mapping[str, inspect.Parameter], command: str) -> None:
    """Let a shell complete the names of what ships; paths are left to the shell."""
    for name, parameter in parameters.items():
        names = _NAMES.get(f"{command} {name}", _NAMES.get(name))
        info = get_args(parameter.annotation)[1]
        if names is not None and "NAME|PATH" in (info.metavar or ""):
            info.autocompletion = _starting(names)


def _starting(names: Callable[[], list[str]]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def ask_first(parameter: Any) -> None:
    """Make ``--install-completion`` stop where it would change more than a file of the shell's own.

    Parameters
    ----------
    parameter : typer's own option; its callback writes the files
    """
    installs = parameter.callback

    def careful(ctx: Any, param: Any, value: Any) -> Any:
        if value and not ctx.resilient_parsing and _shell_of(value) in _WINDOWS:
            typer.echo(f"casemgmt: {_ADD_IT_YOURSELF}", err=True)
            raise typer.Exit(1)
        return installs(ctx, param, value)

    parameter.callback = careful


def _shell_of(value: object) -> str:
    """The shell that is meant: the one that was named, or else the one that runs."""
    if isinstance(value, str) and value != "True":
        return value
    try:
        import shellingham

        return str(shellingham.detect_shell()[0])
    except (ImportError, RuntimeError, OSError):
        return "powershell" if system.ON_WINDOWS else ""
