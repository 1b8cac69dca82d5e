"""What the library says of its own work, through ``logging``: counts and the names of files, never a patient's value.

The loggers are called ``casemgmt.register``, ``casemgmt.selection`` and so on, after the folder that speaks. Without a
handler of the caller's nothing is written anywhere.
"""

from __future__ import annotations

import logging

ROOT = "casemgmt"
logging.getLogger(ROOT).addHandler(logging.NullHandler())


def info(part: str, message: str, *values: object) -> None:
    """Say what was done.

    Parameters
    ----------
    part : the folder that speaks, such as ``register``
    message, values : as ``logging`` takes them: a text with its marks, and counts, dates or names of files
    """
    logging.getLogger(f"{ROOT}.{part}").info(message, *values)


def warning(part: str, message: str, *values: object) -> None:
    """Say what somebody should look at."""
    logging.getLogger(f"{ROOT}.{part}").warning(message, *values)


def error(part: str, message: str, *values: object) -> None:
    """Say why something was not done."""
    logging.getLogger(f"{ROOT}.{part}").error(message, *values)
