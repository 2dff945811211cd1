"""Reading server-sent events out of the lines of a response."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ServerSentEvent:
    """One event; `id` is the last one seen, as the specification says."""

    event: str
    data: str
    id: str


@dataclass
class _Draft:
    event: str = ""
    data: list[str] = field(default_factory=list)


def split_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield complete lines without their ends, however the bytes arrive.

    Only line feeds end a line: text of actions may hold every other character that
    Python's own splitting takes for an end.
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")


def read_events(lines: Iterable[str]) -> Iterator[ServerSentEvent]:
    """Yield each event when its blank line has come; half an event is dropped."""
    draft = _Draft()
    last_id = ""
    for line in lines:
        name, value = _field(line)
        if name == "id":
            last_id = value
        elif name == "event":
            draft.event = value
        elif name == "data":
            draft.data.append(value)
        elif not line:
            if draft.data or draft.event:
                yield ServerSentEvent(
                    draft.event or "message", "\n".join(draft.data), last_id
                )
            draft = _Draft()


def _field(line: str) -> tuple[str, str]:
    # A line that begins with a colon is a comment: a field without a name.
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")
