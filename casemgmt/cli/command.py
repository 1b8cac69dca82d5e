"""A command as typer runs it: files of options put into the command line, and errors as JSON where that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from typer.core import TyperCommand, TyperGroup

from casemgmt.cli.completing import ask_first
from casemgmt.cli.config import REGISTERED, Option, added_by, options_of
from casemgmt.cli.running import UsageError, fail
from casemgmt.errors import CasemgmtError
from casemgmt.register.forms import shown


class Told(TyperCommand):
    """A command of this program."""

    called: ClassVar[str]
    options: ClassVar[Mapping[str, Option]]

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the command line; what is wrong with it, or with its file of options, ends the program."""
        as_json = wants_json(args)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except CasemgmtError as error:
            raise fail(error, as_json=as_json, command=self.called) from None
        except UsageError as error:
            if not as_json or type(error).__name__ == "NoArgsIsHelpError":
                raise
            raise fail(error, as_json=True) from None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line with what its file of options adds."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        args = self._spread(args)
        file, added = self._of_file(ctx, args)
        try:
            return super().parse_args(ctx, self._with_added(ctx, args, added))
        except UsageError as error:
            name = getattr(getattr(error, "param", None), "name", None)
            if name in added and file is not None:
                said = f"{shown(file)}: [{self.called.replace(' ', '.')}] {self.options[name].key}"
                error.message = f"{error.message} So {said} says it."  # type: ignore[attr-defined]
            raise

    def _spread(self, args: list[str]) -> list[str]:
        """``--with A B`` as ``--with A --with B``: a shell makes several names of one pattern."""
        if "with_" not in self.options:
            return args
        spread: list[str] = []
        inside = False
        for position, each in enumerate(args):
            if each.startswith("-") and len(each) > 1:
                inside = each == "--with" or each.startswith("--with=")
            elif inside and args[position - 1] != "--with":
                spread.append("--with")
            spread.append(each)
        return spread

    def _of_file(self, ctx: Any, args: list[str]) -> tuple[Path | None, dict[str, list[str]]]:
        """The file of options that was named, and what it adds."""
        if "--help" in args or not any(each == "--config" or each.startswith("--config=") for each in args):
            return None, {}
        found, _, order = self.make_parser(ctx).parse_args(args=list(args))
        if not isinstance(found.get("config"), str):
            return None, {}
        file = Path(found["config"])
        given = sorted({each.name for each in order if each.name in self.options and self.options[each.name].said})
        return file, added_by(file, self.called, self.options, given)

    def _with_added(self, ctx: Any, args: list[str], added: Mapping[str, list[str]]) -> list[str]:
        """The command line with what a file adds to it."""
        if not added:
            return args
        found, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        arguments = [name for name, option in self.options.items() if not option.said]
        typed = sum(len(_values(found.get(name))) for name in arguments)
        options = [text for name, texts in added.items() if name not in arguments for text in texts]
        return [*options, *_placed(args, arguments, added, typed)]


def _values(parsed: Any) -> list[str]:
    if isinstance(parsed, str):
        return [parsed]
    return [each for each in parsed if isinstance(each, str)] if isinstance(parsed, (list, tuple)) else []


def _placed(args: list[str], arguments: list[str], added: Mapping[str, list[str]], typed: int) -> list[str]:
    """The typed words, with the arguments that a file adds before and behind those that were typed.

    Parameters
    ----------
    typed : how many arguments were typed; where they are as many as the file leaves open, the file adds the others
    """
    of_file = [name for name in arguments if name in added]
    left = [name for name in arguments if name not in added]
    if not of_file or (typed and typed != len(left)):
        return args
    first = arguments.index(left[0]) if typed else len(arguments)
    before = [text for name in of_file if arguments.index(name) < first for text in added[name]]
    after = [text for name in of_file if arguments.index(name) >= first for text in added[name]]
    return [*before, *args, *after]


class Group(TyperGroup):
    """Commands of this program; a command that there is none of is told as JSON where that is wanted."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the words before the command; ``--install-completion`` among them asks before it changes a policy."""
        for each in self.params:
            if each.name == "install_completion" and each.callback is not None and not hasattr(each, "asks_first"):
                ask_first(each)
                each.asks_first = True  # type: ignore[attr-defined]
        return super().make_context(info_name, args, parent, **extra)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant."""
        as_json = wants_json(args)
        try:
            return super().resolve_command(ctx, args)
        except UsageError as error:
            if not as_json:
                raise
            raise fail(error, as_json=True) from None


def wants_json(args: list[str]) -> bool:
    """Whether ``--json`` stands among the words, before the command line has been understood."""
    return "--json" in (args[: args.index("--")] if "--" in args else args)


def told(run: Any, name: str) -> type[Told]:
    """The kind of command that a function becomes."""
    REGISTERED[name] = options_of(run)
    return type("Told", (Told,), {"called": name, "options": REGISTERED[name]})
