"""Which bytes of something a request wants (RFC 9110, section 14)."""

import re
from dataclasses import dataclass
from typing import Final

from attune.domain.errors import RangeNotSatisfiable

_RANGE: Final = re.compile(r"bytes=(\d{0,19})-(\d{0,19})\Z")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from `start` up to, and without, `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes that is."""
        return self.end - self.start


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Return the bytes that one range asks for, or None for all of them.

    Several ranges, or what cannot be read, are answered with the whole, as allowed.
    Raises RangeNotSatisfiable for a range that begins after the end.
    """
    found = _RANGE.match((header or "").replace(" ", ""))
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        return _checked(max(0, size - int(found[2])), size, size)
    last = int(found[2]) if found[2] else size - 1
    if last < int(found[1]):
        return None if found[2] else _checked(int(found[1]), size, size)
    return _checked(int(found[1]), last + 1, size)


def _checked(start: int, end: int, size: int) -> ByteRange:
    if start >= size:
        raise RangeNotSatisfiable(size=size)
    return ByteRange(start, min(end, size))
