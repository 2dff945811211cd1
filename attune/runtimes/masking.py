"""Take secrets out of what a process writes, before anything is kept or cut."""

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote

MASK = b"***"
SHORTEST = 4  # a shorter secret occurs by chance in too much that is none


class Masking:
    """The secrets of one execution, in the spellings in which they may be printed."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {form for text in secrets for form in _spellings(text)}
        # The longest first, or a part of it would be masked and the rest shown.
        self._forms = sorted(spellings, key=len, reverse=True)

    def open(self) -> "MaskedStream":
        """Return the state for one stream."""
        return MaskedStream(self)

    def apply(self, content: bytes) -> bytes:
        """Replace every secret in `content`."""
        for form in self._forms:
            content = content.replace(form, MASK)
        return content

    def unfinished(self, content: bytes) -> int:
        """Return how many bytes at the end may be the beginning of a secret."""
        return max((_overlap(content, form) for form in self._forms), default=0)


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


def _overlap(content: bytes, form: bytes) -> int:
    """Return the length of the longest end of `content` that begins `form`."""
    start = content.find(form[:1], max(0, len(content) - len(form) + 1))
    while start >= 0:
        if form.startswith(content[start:]):
            return len(content) - start
        start = content.find(form[:1], start + 1)
    return 0


def _spellings(text: str) -> Iterable[bytes]:
    for part in {text, *text.splitlines()}:
        if len(part) >= SHORTEST:
            raw = part.encode("utf-8", "replace")
            yield raw
            yield json.dumps(part)[1:-1].encode()
            yield json.dumps(part, ensure_ascii=False)[1:-1].encode("utf-8", "replace")
            yield quote(part, safe="", errors="replace").encode()
            yield base64.b64encode(raw)
