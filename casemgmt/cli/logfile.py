"""``--log-file``: what the library and a command say of their work, in a file that its owner alone may read."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from casemgmt import logs
from casemgmt.errors import PublishError
from casemgmt.version import __version__


class _Line(logging.Formatter):
    """Time in UTC, level, logger and message, on one line whatever the message holds."""

    def format(self, record: logging.LogRecord) -> str:
        words = " ".join(record.getMessage().split())
        said = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        return f"{moment} {record.levelname} {record.name}: {said}"


@contextmanager
def logged_to(path: Path | None, command: str) -> Iterator[None]:
    """Add to a file what is said while a command runs, from its name to its exit code.

    Raises
    ------
    PublishError
        The file cannot be written to.
    """
    if path is None:
        yield
        return
    logger, level = logging.getLogger(logs.ROOT), logging.getLogger(logs.ROOT).level
    with os.fdopen(_opened(path), "a", encoding="utf-8", errors="backslashreplace") as stream:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(_Line())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            # What else was typed is left out: it may be a patient's number.
            logs.info("cli", "casemgmt %s: %s begins", __version__, command)
            yield
            logs.info("cli", "%s is done", command)
        except BaseException as end:
            logs.info("cli", "%s ended with exit code %s", command, getattr(end, "exit_code", "unknown"))
            raise
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)


def _opened(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        opened = os.open(path, flags, 0o600)
    except OSError as error:
        raise PublishError(f"{path} could not be written: {error.strerror or type(error).__name__}.") from None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise PublishError(f"{path} could not be written: it is no plain file.")
    return opened
