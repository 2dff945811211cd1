"""Wildcards as file names have them: `*`, `?`, `[abc]` and `[!abc]`, in linear time."""

from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.pattern import Pattern, compile_pattern

MAX_SOURCE: Final = 255
_SPECIAL: Final = frozenset("\\.+*?()|[]{}^$-&~#")


def compile_wildcard(source: str) -> Pattern:
    """Return the pattern that the whole of a text must meet."""
    if len(source) > MAX_SOURCE:
        raise InvalidInput(f"a wildcard has at most {MAX_SOURCE} characters")
    pieces, at = [], 0
    while at < len(source):
        piece, at = _piece(source, at)
        pieces.append(piece)
    return compile_pattern(rf"(?s)\A{''.join(pieces)}\z")


def _piece(source: str, at: int) -> tuple[str, int]:
    character = source[at]
    if character == "*":
        return ".*", _end_of_stars(source, at)
    if character == "?":
        return ".", at + 1
    if character == "[":
        # A bracket directly after the opening one, or after its `!`, is a member.
        first = at + 2 if source.startswith("!", at + 1) else at + 1
        end = source.find("]", first + 1)
        if end > 0:
            return _set(source[first:end], is_negated=first == at + 2), end + 1
    return _literal(character), at + 1


def _end_of_stars(source: str, at: int) -> int:
    while source.startswith("*", at):
        at += 1
    return at


def _set(members: str, *, is_negated: bool) -> str:
    negation = "^" if is_negated else ""
    return f"[{negation}{''.join(map(_member, _ranges(members)))}]"


def _ranges(members: str) -> list[str]:
    """Cut `a-cx` into `a-c` and `x`."""
    found, at = [], 0
    while at < len(members):
        is_range = members[at + 1 : at + 2] == "-" and at + 2 < len(members)
        found.append(members[at : at + 3] if is_range else members[at])
        at += 3 if is_range else 1
    return found


def _member(text: str) -> str:
    if len(text) == 1:
        return _literal(text)
    low, high = text[0], text[2]
    if low > high:
        raise InvalidInput(f"not a wildcard: the range {text} is the wrong way round")
    return f"{_literal(low)}-{_literal(high)}"


def _literal(character: str) -> str:
    return f"\\{character}" if character in _SPECIAL else character
