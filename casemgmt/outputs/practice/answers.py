"""The words in which a practice answers, and the columns that come back: the same in a workbook and on a page."""

from __future__ import annotations

from typing import Final

LIST, JUDGEMENT, REVIEWS, REMOVALS = "list", "judgement", "reviews", "removals"
SHEETS: Final = (LIST, JUDGEMENT, REVIEWS, REMOVALS)

ACCEPT, NOT_APPROPRIATE, DECLINED = "accept", "not appropriate", "declined"
ALREADY_MANAGED, DIED_OR_MOVED = "already managed", "died or moved"
ANSWERS: Final = (ACCEPT, NOT_APPROPRIATE, DECLINED, ALREADY_MANAGED, DIED_OR_MOVED)

# A removal is proposed by the software and decided by a person: case management ends, or goes on.
END, KEEP = "end", "keep"
REMOVAL_ANSWERS: Final = (END, KEEP, DIED_OR_MOVED)

DONE = "done"
REVIEW_ANSWERS: Final = (DONE, NOT_APPROPRIATE, DECLINED, DIED_OR_MOVED)

# What may be answered where.
ANSWERS_OF: Final = {LIST: ANSWERS, JUDGEMENT: ANSWERS, REVIEWS: REVIEW_ANSWERS, REMOVALS: REMOVAL_ANSWERS}

# Answers by which case management of someone on the list, or the proposal about them, ends.
ENDING: Final = frozenset({NOT_APPROPRIATE, DECLINED, ALREADY_MANAGED, DIED_OR_MOVED, END})

# The columns of an answer. ``order`` stands on the judgement sheet alone: who comes first where more are accepted than
# there are places. A date is written as ISO, ``2015-04-01``.
ANSWER_COLUMNS: Final = ("answer", "reason", "who", "date")
ORDER = "order"
LONGEST = {"reason": 300, "who": 100}
MOST_DAYS = 731  # between the list date and an answer, either way

# The file that a page gives back. Rows: mark, patient_id, sheet, answer, reason, who, date, and order or null.
RETURN_FORMAT, RETURN_VERSION = "casemgmt practice return", 1
RETURN_FACTS: Final = ("format", "format_version", "practice_id", "scheme", "as_of", "fingerprint", "rows")
RETURN_ROW: Final = ("mark", "patient_id", "sheet", *ANSWER_COLUMNS, ORDER)
