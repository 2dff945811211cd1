"""Take secrets out of what a process writes, before anything is kept or cut."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attune.runtimes.spelling import SHORTEST_HIDDEN, spellings

MASK: Final = b"***"
_BREAKS: Final = b"\r\n"


class Masking:
    """The secrets of one execution, in the spellings in which they may be printed."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for text in secrets for form in spellings(text)}
        # The longest first, or a part of it would be masked and the rest shown.
        self._forms = sorted(forms, key=len, reverse=True)
        self._breakable = [
            form
            for form in self._forms
            if len(form) >= SHORTEST_HIDDEN and not set(form) & set(_BREAKS)
        ]

    def open(self) -> "MaskedStream":
        """Return the state for one stream."""
        return MaskedStream(self)

    def apply(self, content: bytes) -> bytes:
        """Replace every secret in `content`, those broken over lines as well."""
        for form in self._forms:
            content = content.replace(form, MASK)
        if self._breakable and b"\n" in content:
            content = self._without_broken(content)
        return content

    def unfinished(self, content: bytes) -> int:
        """Return how many bytes at the end may be the beginning of a secret."""
        whole = max((_overlap(content, form) for form in self._forms), default=0)
        return max(whole, self._unfinished_over_lines(content))

    def _without_broken(self, content: bytes) -> bytes:
        joined = content.translate(None, _BREAKS)
        spans = [span for form in self._breakable for span in _spans(joined, form)]
        return _masked(content, sorted(spans)) if spans else content

    def _unfinished_over_lines(self, content: bytes) -> int:
        """Find a beginning that is long enough to be one, and is broken over lines.

        A shorter one is shown at once: every other line would end in one.
        """
        if not self._breakable:
            return 0
        tail = content[-2 * len(self._breakable[0]) :]
        if b"\n" not in tail:
            return 0
        joined = tail.translate(None, _BREAKS)
        length = max(_overlap(joined, form) for form in self._breakable)
        return _length_with_breaks(tail, length) if length >= SHORTEST_HIDDEN else 0


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
        """Return what was held back, unless it is so much of a secret that it tells it."""
        held, self._held = self._held, b""
        return MASK if len(held) >= SHORTEST_HIDDEN else held


def _overlap(content: bytes, form: bytes) -> int:
    """Return the length of the longest end of `content` that begins `form`."""
    start = content.find(form[:1], max(0, len(content) - len(form) + 1))
    while start >= 0:
        if form.startswith(content[start:]):
            return len(content) - start
        start = content.find(form[:1], start + 1)
    return 0


def _spans(content: bytes, form: bytes) -> Iterator[tuple[int, int]]:
    at = content.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = content.find(form, at + len(form))


def _masked(content: bytes, spans: Sequence[tuple[int, int]]) -> bytes:
    """Replace the spans, which count the bytes between line breaks, in their order."""
    places = [at for at, byte in enumerate(content) if byte not in _BREAKS]
    out, shown = bytearray(), 0
    for begin, end in spans:
        first, last = places[begin], places[end - 1] + 1
        if first >= shown:
            out += content[shown:first] + MASK
        shown = max(shown, last)
    return bytes(out + content[shown:])


def _length_with_breaks(content: bytes, length: int) -> int:
    """Return how long the end is that has so many bytes between its line breaks."""
    at = len(content)
    while length:
        at -= 1
        length -= content[at] not in _BREAKS
    return len(content) - at
