"""The ways in which a program may print a secret without meaning to hide it."""

import base64
import html
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 4  # a shorter secret occurs by chance in too much that is none
SHORTEST_HIDDEN: Final = 8
"""From here on a secret is found inside of something, or in part."""

_BITS: Final = 6
"""What one character of base64 holds."""


def spellings(text: str) -> Iterator[bytes]:
    """Give the secret and each of its lines as they are, escaped and encoded."""
    for part in {text, *text.splitlines()}:
        if len(part) >= SHORTEST:
            raw = part.encode("utf-8", "replace")
            yield raw
            yield from _escaped(part)
            yield from _encoded(raw)


def _escaped(part: str) -> Iterator[bytes]:
    for text in (
        json.dumps(part)[1:-1],
        json.dumps(part, ensure_ascii=False)[1:-1],
        html.escape(part),
        html.escape(part).replace("&#x27;", "&#39;"),
        quote(part, safe="", errors="replace"),
        quote(part, errors="replace"),
        quote_plus(part, errors="replace"),
    ):
        yield text.encode("utf-8", "replace")
    yield _lower_percent(quote(part, safe="", errors="replace")).encode()


def _lower_percent(quoted: str) -> str:
    head, *rest = quoted.split("%")
    return "".join([head, *(f"%{each[:2].lower()}{each[2:]}" for each in rest)])


def _encoded(raw: bytes) -> Iterator[bytes]:
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw)
        yield whole
        yield whole.rstrip(b"=")
        if len(raw) >= SHORTEST_HIDDEN:
            yield from (
                _within(encode(b"\0" * ahead + raw), ahead, len(raw))
                for ahead in range(3)
            )


def _within(encoded: bytes, ahead: int, length: int) -> bytes:
    """Return what stands in base64 of a longer text, whatever is before and behind."""
    begin = -(-8 * ahead // _BITS)
    return encoded[begin : 8 * (ahead + length) // _BITS]
