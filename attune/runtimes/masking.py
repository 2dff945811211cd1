"""Take secrets out of what a process writes, before anything is kept or cut."""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = b"***"
SHORTEST = 4  # a shorter secret occurs by chance in too much that is none


class Masking:
    """The secrets of one execution, in the spellings in which they may be printed."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {form for text in secrets for form in _spellings(text)}
        ordered = sorted(spellings, key=len, reverse=True)
        self._longest = len(ordered[0]) if ordered else 0
        self._prefixes = {
            form[:length] for form in ordered for length in range(1, len(form))
        }
        pattern = b"|".join(map(re.escape, ordered))
        self._pattern = re.compile(pattern) if ordered else None

    def open(self) -> "MaskedStream":
        """Return the state for one stream."""
        return MaskedStream(self)

    def apply(self, content: bytes) -> bytes:
        """Replace every secret in `content`."""
        return self._pattern.sub(MASK, content) if self._pattern else content

    def unfinished(self, content: bytes) -> int:
        """Return how many bytes at the end may be the beginning of a secret."""
        for length in range(min(self._longest - 1, len(content)), 0, -1):
            if content[-length:] in self._prefixes:
                return length
        return 0


class MaskedStream:
    """One stream, masked although a secret may come in pieces."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what may be shown now."""
        content = self._masking.apply(self._held + chunk)
        shown = len(content) - self._masking.unfinished(content)
        self._held = content[shown:]
        return content[:shown]

    def finish(self) -> bytes:
        """Return what was held back and turned out to be no secret."""
        held, self._held = self._held, b""
        return held


def _spellings(text: str) -> Iterable[bytes]:
    for part in {text, *text.splitlines()}:
        if len(part) >= SHORTEST:
            raw = part.encode("utf-8", "replace")
            yield raw
            yield json.dumps(part)[1:-1].encode()
            yield json.dumps(part, ensure_ascii=False)[1:-1].encode("utf-8", "replace")
            yield quote(part, safe="", errors="replace").encode()
            yield base64.b64encode(raw)
