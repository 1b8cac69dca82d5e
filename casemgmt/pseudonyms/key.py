"""The key of the pseudonyms: read from a file or an environment variable, refused if weak, and never shown."""

from __future__ import annotations

import codecs
import hmac
import itertools
import math
import os
import re
import secrets
import stat
from collections import Counter
from pathlib import Path
from typing import NoReturn

from casemgmt import system
from casemgmt.errors import InputError
from casemgmt.rule_files import shown_path

LEAST_BYTES = 32
MOST_BYTES = 4096
ENVIRONMENT = "env:"

_LEAST_BITS = 100  # by how often each byte occurs; 32 random bytes have 150, 64 random hexadecimal digits 230
_LEAST_DIFFERENT = 10
_REPEATED = 6  # bytes that stand twice or more; of random keys a small part
_MAKE_ONE = "Make one with `casemgmt new-key FILE`, or with `openssl rand -hex 32`."


class Key:
    """A secret key, of which nothing can be seen: neither its text, nor its length, nor a copy on disk."""

    __slots__ = ("__secret",)

    def __init__(self, secret: bytes, origin: str) -> None:
        refuse_weak(secret, origin)
        self.__secret = secret

    def mac(self, message: bytes) -> str:
        """HMAC-SHA-256 of a message (RFC 2104, FIPS 198-1), in 64 hexadecimal digits."""
        return hmac_sha256(self.__secret, message)

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "<Key: not shown>"

    def __reduce__(self) -> NoReturn:
        """Refuse to be written down."""
        raise InputError("A key is never written down by this library: name its file or variable again.")


def hmac_sha256(secret: bytes, message: bytes) -> str:
    """HMAC-SHA-256 in hexadecimal digits."""
    return hmac.digest(secret, message, "sha256").hex()


def read_key(key: object) -> Key:
    """The key that a path or an environment variable holds.

    Parameters
    ----------
    key : a ``Path`` (or a text with a path separator) of a file that its owner alone can read, or ``"env:NAME"``. One
        line end at the end of either is no part of the key

    Raises
    ------
    InputError : there is none, it is weak, or others may read its file; no message holds any of it
    """
    if isinstance(key, Key):
        return key
    if isinstance(key, str) and key.startswith(ENVIRONMENT):
        return _from_environment(key.removeprefix(ENVIRONMENT))
    if isinstance(key, Path) or (isinstance(key, str) and ("/" in key or os.sep in key)):
        return _from_file(key)
    # What was given may be the key itself, and is not repeated.
    raise InputError(
        "key is named, never given: key=Path('its file') or key='env:NAME' for an environment variable. "
        f"A key in a script or on a command line is known to whoever reads those. {_MAKE_ONE}"
    )


def new_key() -> bytes:
    """A new random key of 256 bits, as 64 hexadecimal digits and a line end."""
    return f"{secrets.token_hex(LEAST_BYTES)}\n".encode()


def refuse_weak(secret: bytes, origin: str) -> None:
    """Refuse a key that could be guessed; what the message says is true of many keys.

    Parameters
    ----------
    origin : what messages call the key
    """
    why = _weakness(secret)
    if why:
        raise InputError(f"{origin} is weak: {why}. With a guessed key every pseudonym is an NHS number. {_MAKE_ONE}")


def _weakness(secret: bytes) -> str | None:
    if len(secret) < LEAST_BYTES:
        return f"it is shorter than {LEAST_BYTES} bytes"
    if len(secret) > MOST_BYTES:
        return f"it is longer than {MOST_BYTES} bytes, and no key is"
    counts = Counter(secret)
    bits = sum(count * math.log2(len(secret) / count) for count in counts.values())
    if len(counts) < _LEAST_DIFFERENT or bits < _LEAST_BITS:
        return "its bytes differ too little"
    if _share_repeated(secret) > 1 / 4:
        return "parts of it are repeated"
    steps = Counter((b - a) % 256 for a, b in itertools.pairwise(secret))
    if steps.most_common(1)[0][1] > len(secret) / 3:
        return "its bytes follow each other in a row"
    words = re.search(rb"[A-Za-z]{2,}[ \t]+[A-Za-z]{2,}", secret) and _is_text(secret)
    return "it is made of words" if words or re.fullmatch(rb"[A-Za-z\s.,;:!?'_-]+", secret) else None


def _is_text(secret: bytes) -> bool:
    """Whether a key can be text at all; of random bytes some look like two short words."""
    try:
        secret.decode()
    except UnicodeDecodeError:
        return False
    return True


def _share_repeated(secret: bytes) -> float:
    """The share of a key that lies in stretches of bytes that it holds twice."""
    stretches: dict[bytes, list[int]] = {}
    for start in range(len(secret) - _REPEATED + 1):
        stretches.setdefault(secret[start : start + _REPEATED], []).append(start)
    covered = {
        place
        for starts in stretches.values()
        if len(starts) > 1
        for start in starts
        for place in range(start, start + _REPEATED)
    }
    return len(covered) / len(secret)


def _from_environment(name: str) -> Key:
    # What was given in place of a name may be the key itself, and is not repeated until there is such a variable.
    value = os.environ.get(name) if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else None
    if value is None:
        raise InputError("key='env:NAME': there is no such environment variable. Set it, or give key=Path('a file').")
    return Key(_without_line_end(os.fsencode(value)), f"The key in {name}")


def _from_file(source: str | Path) -> Key:
    path = Path(source)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError("key: the path that it gives is no plain file.")
        data = _of_owner_alone(path)
    except (OSError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        reason = getattr(problem, "strerror", None) or "no file can have this name"
        raise InputError(f"key: the file that it names cannot be read: {reason}.") from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and data.count(0) >= len(data) // 2 - 1:
        raise InputError(
            f"The key in {shown_path(path)} is UTF-16 text, as PowerShell's `>` writes it: elsewhere the same key "
            f"would be another. {_MAKE_ONE}"
        )
    return Key(_without_line_end(data), f"The key in {shown_path(path)}")


def _of_owner_alone(path: Path) -> bytes:
    """What a file holds that nobody else may read."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - the descriptor is already open
        # Windows keeps who may read a file elsewhere.
        if not system.ON_WINDOWS and os.fstat(file.fileno()).st_mode & 0o077:
            raise InputError(
                f"key: others than its owner may read or write {shown_path(path)}. Say `chmod 600` of it; if anyone "
                "may have read it, make a new key."
            )
        return file.read(MOST_BYTES + 3)


def _without_line_end(data: bytes) -> bytes:
    return data.removesuffix(b"\n").removesuffix(b"\r")
