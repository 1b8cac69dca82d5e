"""In which line of a file of rules an error of its reader lies: found again by the places that the message names."""

from __future__ import annotations

import re

_BY_PARSER = re.compile(r"at line (\d+)")
_AT_END = "(at end of document)"
_SECTION = re.compile(r"\[+([\w.]+)\]+")
_NAMED = re.compile(r"(\w+) '([^']*)'")
_NUMBERED = re.compile(r"(?:[\w.]*\.)?(\w+) (\d+)(?: \('[^']*'\))?")
_KEY = re.compile(r"(?:key )?'([^']*)'")
_QUOTED = re.compile(r"'([^']*)'")
_WORD = re.compile(r"\w+")
_HEADER = re.compile(r"\s*\[+\s*([\w.\"' -]+?)\s*\]+")

Lines = list[tuple[int, str]]


def line_of(text: str, message: str) -> int | None:
    """The number of the line, from 1, that a message is about; None where it names no place that is in the file.

    Parameters
    ----------
    text : of the file
    message : of the error, without the name of the file
    """
    lines: Lines = list(enumerate(text.splitlines(), start=1))
    if told := _BY_PARSER.search(message):
        return int(told[1])
    if _AT_END in message:
        return len(lines)
    found: Lines | None = None
    *before, last = message.split(": ")
    for part in before:
        inside = _inside(lines if found is None else found, part) if found else _inside(lines, part)
        if found and inside == []:
            inside = _inside(lines, part)  # a table of it that stands further down
        if inside is None:
            last = part  # the sentence itself, which has a colon in it
            break
        found = inside or found
    named = _QUOTED.search(last)
    own = _with_key(lines if found is None else found, named[1]) if named else []
    if not own and found is None and (section := _SECTION.search(last)):
        own = next(iter(_blocks(lines, section[1])), [])
    chosen = own or found
    return chosen[0][0] if chosen else None


def _inside(lines: Lines, part: str) -> Lines | None:
    """The lines of a part of a message that names a place; none where they are not found; None: it names no place."""
    if section := _SECTION.fullmatch(part):
        return next(iter(_blocks(lines, section[1])), [])
    if key := _KEY.fullmatch(part):
        return _with_key(lines, key[1])
    if named := _NAMED.fullmatch(part):
        return next((each for each in _blocks(lines, named[1]) if _names(each, named[2])), [])
    if numbered := _NUMBERED.fullmatch(part):
        blocks = _blocks(lines, numbered[1]) or _blocks(lines, f"{numbered[1]}s")
        place = int(numbered[2]) - 1
        return blocks[place] if place < len(blocks) else []
    if _WORD.fullmatch(part):
        return next(iter(_blocks(lines, part)), None) or _with_key(lines, part)
    return None


def _blocks(lines: Lines, name: str) -> list[Lines]:
    """The lines under each header of this name, those of the tables inside it included."""
    starts = [(at, found[1]) for at, (_, line) in enumerate(lines) if (found := _HEADER.match(line))]
    blocks = []
    for number, (at, header) in enumerate(starts):
        if header != name and header.rpartition(".")[2] != name.rpartition(".")[2]:
            continue
        end = next((stop for stop, other in starts[number + 1 :] if not other.startswith(f"{header}.")), len(lines))
        blocks.append(lines[at:end])
    return blocks


def _names(block: Lines, name: str) -> bool:
    return any(re.match(rf"\s*name\s*=\s*[\"']{re.escape(name)}[\"']", line) for _, line in block)


def _with_key(lines: Lines, key: str) -> Lines:
    """The line in which a key stands, or else a header, or else a value of this text."""
    quoted = re.escape(key)
    for pattern in (
        rf"(?:^|[{{,.]|\[)\s*[\"']?{quoted}[\"']?\s*[=\].]",
        rf"[\"']{quoted}[\"']",
    ):
        for line in lines:
            if re.search(pattern, line[1].partition(" #")[0]):
                return [line]
    return []
