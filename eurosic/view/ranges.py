"""Which bytes of a file a request asks for.

*Enters:* the header ``Range`` and the size of a file. *Leaves:* spans of bytes, or the word that none can be
given. Must not read the file. *Source:* RFC 9110, section 14: what is not understood is ignored, and the whole is
sent.
"""

from __future__ import annotations

import re

Span = tuple[int, int]

# More than a reader of shards needs; thousands of overlapping ranges are an old trick to wear servers out.
_MOST = 32
# No file has a length of twenty digits, and Python refuses to read numbers of thousands.
_ONE = re.compile(r"\s*(\d{0,19})\s*-\s*(\d{0,19})\s*")


class UnsatisfiableRangeError(Exception):
    """No byte that is asked for lies in the file."""


def spans_of(header: str | None, size: int) -> list[Span] | None:
    """Return the spans ``[start, stop)`` that a header asks for, or None where the whole file is to be sent.

    Spans beyond the end are cut or left out, and those that overlap or touch are joined.

    Raises
    ------
    UnsatisfiableRangeError
        If the header is sound, but no byte of it lies in the file.

    Examples
    --------
    >>> spans_of("bytes=0-9", 100), spans_of("bytes=-8", 100), spans_of("bytes=90-", 100)
    ([(0, 10)], [(92, 100)], [(90, 100)])
    """
    unit, equals, told = (header or "").partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return None
    parts = [part for part in told.split(",") if part.strip()]
    found = [_ONE.fullmatch(part) for part in parts]
    asked = [_asked(match, size) for match in found if match]
    if not parts or len(parts) > _MOST or len(asked) != len(parts) or None in asked:
        return None
    spans = sorted((start, stop) for start, stop in filter(None, asked) if start < stop)
    if not spans:
        raise UnsatisfiableRangeError
    return _joined(spans)


def _asked(match: re.Match[str], size: int) -> Span | None:
    """Return a span, empty where nothing of it lies in the file, or None where it makes no sense."""
    first, last = match.groups()
    if not first:
        return (max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return min(int(first), size), min(int(last) + 1, size) if last else size


def _joined(spans: list[Span]) -> list[Span]:
    joined = [spans[0]]
    for start, stop in spans[1:]:
        before = joined[-1]
        if start <= before[1]:
            joined[-1] = (before[0], max(before[1], stop))
        else:
            joined.append((start, stop))
    return joined
