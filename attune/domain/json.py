"""JSON as Attune takes and keeps it: what is refused, what is replaced, and why.

Reading is strict where Python is lenient: UTF-8 only, no NaN or Infinity, no number
that would become infinite, nothing PostgreSQL cannot store. Integers are exact at any
size up to 4,300 digits; numbers with a fraction or an exponent are IEEE doubles.
"""  # noqa: A005 - always imported by its full name

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Final, TypeAlias, cast

from pydantic import JsonValue

from attune.domain.errors import InvalidInput, MalformedInput

Json: TypeAlias = JsonValue
JsonObject: TypeAlias = dict[str, JsonValue]


@dataclass(frozen=True)
class JsonLimits:
    """How deep and how large a document may be."""

    depth: int = 64
    elements: int = 10_000
    """Values in all lists and objects of the document together."""


DEFAULT_LIMITS: Final = JsonLimits()
OUTPUT_LIMITS: Final = JsonLimits(elements=1_000_000)
"""For what a process wrote, which is bounded by its bytes."""

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
# Escapes that may stand for what _UNSTORABLE finds; a pair of surrogates is harmless.
_SUSPICIOUS_ESCAPE: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")

_Place: TypeAlias = tuple[str | int, ...]


def parse_json(
    raw: bytes,
    limits: JsonLimits = DEFAULT_LIMITS,
    *,
    refuse_duplicates: bool = False,
) -> Json:
    """Read one document; raises MalformedInput or InvalidInput, never anything else.

    `refuse_duplicates` is for control objects: an object with a key twice is malformed.
    """
    value = _decode(raw, refuse_duplicates=refuse_duplicates)
    if _may_exceed(raw, limits) and _depth_exceeds(value, limits):
        raise MalformedInput(f"JSON is nested deeper than {limits.depth} levels")
    if b"\\u" in raw and _SUSPICIOUS_ESCAPE.search(raw) and not _is_clean(value):
        _explain(value)
    return value


def parse_unchecked(raw: bytes, limits: JsonLimits) -> Json:
    """Read a document whose parts will be checked with `check_json`, each by itself.

    Until then it may hold text and numbers that cannot be stored.
    """
    value = _decoded(raw, _UNCHECKED)
    if _may_exceed(raw, limits) and _depth_exceeds(value, limits):
        raise MalformedInput(f"JSON is nested deeper than {limits.depth} levels")
    return value


def _decode(raw: bytes, *, refuse_duplicates: bool) -> Json:
    return _decoded(raw, _WITHOUT_DUPLICATES if refuse_duplicates else _DECODER)


def _decoded(raw: bytes, decoder: json.JSONDecoder) -> Json:
    try:
        value = decoder.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise MalformedInput("JSON must be UTF-8 text") from None
    except json.JSONDecodeError as broken:
        where = f"line {broken.lineno}, column {broken.colno}"
        raise MalformedInput(f"not JSON: {broken.msg} ({where})") from None
    except RecursionError:
        raise MalformedInput("JSON is nested too deeply") from None
    except ValueError:
        raise MalformedInput("JSON holds an integer with too many digits") from None
    return cast("Json", value)


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise InvalidInput("JSON holds a number that is too large for a double")
    return value


def _refuse_constant(name: str) -> None:
    raise MalformedInput(f"not JSON: {name} is not a number")


def _refuse_duplicates(pairs: list[tuple[str, Json]]) -> JsonObject:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedInput("a JSON object has the same key twice")
    return value


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_WITHOUT_DUPLICATES: Final = json.JSONDecoder(
    parse_constant=_refuse_constant,
    parse_float=_finite,
    object_pairs_hook=_refuse_duplicates,
)

_UNCHECKED: Final = json.JSONDecoder(
    parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates
)


def _may_exceed(raw: bytes, limits: JsonLimits) -> bool:
    """Tell whether there are brackets and commas enough; counting bytes is fast."""
    openings = raw.count(b"[") + raw.count(b"{")
    return openings > limits.depth or openings + raw.count(b",") > limits.elements


def _children(level: list[object]) -> list[object]:
    found: list[object] = []
    for value in level:
        if isinstance(value, dict):
            found.extend(value.values())
        elif isinstance(value, list):
            found.extend(value)
    return found


def _depth_exceeds(value: object, limits: JsonLimits) -> bool:
    """Measure level by level, so that shared parts cannot multiply without end."""
    level: list[object] = [value]
    count = 0
    for _ in range(limits.depth + 1):
        containers = [item for item in level if isinstance(item, dict | list)]
        if not containers:
            return False
        count += sum(len(item) for item in containers)
        if count > limits.elements:
            raise InvalidInput(f"has more than {limits.elements} elements")
        level = _children(level)
    return True


def check_json(value: object, limits: JsonLimits = DEFAULT_LIMITS) -> None:
    """Raise InvalidInput that names the place unless `value` is JSON we can store."""
    if _depth_exceeds(value, limits):
        raise InvalidInput(f"nested deeper than {limits.depth} levels")
    if not _is_clean(value):
        _explain(value)


def _is_clean(value: object) -> bool:
    level: list[object] = [value]
    while level:
        if not all(map(_is_clean_alone, level)):
            return False
        level = _children(level)
    return True


def _is_clean_alone(value: object) -> bool:
    kind = type(value)
    if kind is str:
        text = cast("str", value)
        return (text.isascii() and "\0" not in text) or not _UNSTORABLE.search(text)
    if kind is dict:
        return all(map(_is_clean_key, cast("dict[object, object]", value)))
    if kind is float:
        return isfinite(cast("float", value))
    return kind in (int, list, bool, type(None))


def _is_clean_key(key: object) -> bool:
    return type(key) is str and not _UNSTORABLE.search(key)


def _explain(value: object) -> None:
    """Find the place of the first problem; slower than knowing that there is one."""
    level: list[tuple[_Place, object]] = [((), value)]
    while level:
        following: list[tuple[_Place, object]] = []
        for place, item in level:
            if problem := _problem(item):
                raise InvalidInput(f"{format_place(place) or 'the value'} {problem}")
            following += [((*place, step), each) for step, each in _steps(item)]
        level = following


def _steps(value: object) -> Iterable[tuple[str | int, object]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _problem(value: object) -> str | None:
    if isinstance(value, dict):
        return _key_problem(value)
    return None if isinstance(value, list) else _scalar_problem(value)


def _key_problem(value: dict[object, object]) -> str | None:
    for key in value:
        if not isinstance(key, str):
            return "has a key that is not text"
        if _UNSTORABLE.search(key):
            return "has a key with a NUL character or half a surrogate pair"
    return None


def _scalar_problem(value: object) -> str | None:
    if isinstance(value, str):
        unstorable = _UNSTORABLE.search(value)
        return "holds a NUL character or half a surrogate pair" if unstorable else None
    if isinstance(value, float):
        return None if isfinite(value) else "is not a finite number"
    if value is None or isinstance(value, bool | int):
        return None
    return f"is of the type {type(value).__name__}, which JSON does not have"


def format_place(place: tuple[str | int, ...]) -> str:
    """Write a path into a document as people do: `items[2].url`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            readable = _UNSTORABLE.sub("\ufffd", step[:64])
            text += f".{readable}" if text else readable
    return text


def replace_unstorable(
    value: object, limits: JsonLimits = OUTPUT_LIMITS
) -> tuple[Json, str | None]:
    """Return what of `value` can be stored, and why nothing can if so.

    For documents that a process wrote, which must not fail its execution: U+FFFD stands
    for NUL and for half surrogate pairs, null for NaN and Infinity; all else is kept.
    Where two keys become one, the later gets another U+FFFD. Too deep or too large a
    document is None with the reason.
    """
    try:
        if _depth_exceeds(value, limits):
            return None, f"nested deeper than {limits.depth} levels"
    except InvalidInput as too_large:
        return None, too_large.message
    return cast("Json", value) if _is_clean(value) else _replaced(value), None


def _replaced(value: object) -> Json:
    if isinstance(value, str):
        return replace_unstorable_text(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, list):
        return [_replaced(item) for item in value]
    if isinstance(value, dict):
        return _replaced_object(value)
    return cast("Json", value)


def _replaced_object(value: dict[str, object]) -> JsonObject:
    kept: JsonObject = {}
    for key, item in value.items():
        name = replace_unstorable_text(key)
        while name in kept or (name != key and name in value):
            name += "\ufffd"
        kept[name] = _replaced(item)
    return kept


def replace_unstorable_text(text: str) -> str:
    """Return the text with U+FFFD for each NUL and each half surrogate pair."""
    return _UNSTORABLE.sub("\ufffd", text)
