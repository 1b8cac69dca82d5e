"""One id in several forms: with spaces or hyphens and without, in capitals and in small letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

TWO_FORMS = "the same id is written in two ways in this register: spaces, hyphens or case"

# Spaces of every kind, control characters and invisible ones, hyphens and dashes, the minus sign, in RE2.
_LEFT_OUT = r"[\p{Z}\p{Cc}\p{Cf}\p{Pd}\x{2212}]+"
# A text without any of these is its own folded form.
_MAY_FOLD = r"[^a-z0-9]"


def folded(texts: pa.Array | pa.ChunkedArray) -> Any:
    """Texts in small letters, without spaces and hyphens: the same for one id in two forms.

    Texts for which this is the same have one hash; see :func:`casemgmt.register.long_texts.hashes_of`.
    """
    import pyarrow.compute as pc

    return pc.utf8_lower(pc.replace_substring_regex(texts, _LEFT_OUT, ""))


def may_fold(texts: pa.Array | pa.ChunkedArray) -> bool:
    """Whether some text may have another form: one that is not all digits and small letters."""
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(texts, _MAY_FOLD)).as_py())
