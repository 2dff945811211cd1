"""From the bytes that a sender sent to the payload: JSON, a form, or text."""

from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

from attune.domain.errors import InvalidInput, MalformedInput
from attune.domain.json import DEFAULT_LIMITS, Json, JsonObject, check_json, parse_json

PAYLOAD_FIELD: Final = "payload"
_FORM: Final = "application/x-www-form-urlencoded"
_UTF_8: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})


class BodyKind(StrEnum):
    """What a body claims to be."""

    JSON = "json"
    FORM = "form"
    TEXT = "text"  # which some senders call their JSON
    UNNAMED = "unnamed"  # and is JSON, since nothing else was said


def body_kind(content_type: str | None) -> BodyKind | None:
    """Return what a Content-Type stands for; None for what is not taken."""
    if content_type is None or not content_type.strip():
        return BodyKind.UNNAMED
    kind, _, parameters = content_type.lower().partition(";")
    if _charset(parameters) not in _UTF_8:
        return None
    kind = kind.strip()
    if kind == _FORM:
        return BodyKind.FORM
    if kind.startswith("text/"):
        return BodyKind.TEXT
    is_json = kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    return BodyKind.JSON if is_json else None


def _charset(parameters: str) -> str:
    named = (each.strip().partition("=") for each in parameters.split(";"))
    return next((v.strip().strip('"') for name, _, v in named if name == "charset"), "")


def read_body(kind: BodyKind, raw: bytes) -> Json:
    """Return what the body says; raises MalformedInput or InvalidInput."""
    match kind:
        case BodyKind.FORM:
            return _read_form(raw)
        case BodyKind.TEXT:
            return _read_text(raw)
        case _:
            return parse_json(raw)


def _read_form(raw: bytes) -> Json:
    """Return the fields; of a single one that is called payload, the JSON in it.

    So GitHub and others send JSON in a form. And what begins as JSON is no form: such
    is the body of those who do not say what they send, curl above all.
    """
    if raw.lstrip()[:1] in (b"{", b"["):
        return parse_json(raw)
    fields = _fields(raw)
    if not fields:
        raise MalformedInput("the form is empty")
    only = fields.get(PAYLOAD_FIELD) if len(fields) == 1 else None
    if isinstance(only, str):
        return _read_text(only.encode())
    check_json(fields)
    return fields


def _fields(raw: bytes) -> JsonObject:
    """Return the fields of a form; one that stands there several times has a list."""
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=DEFAULT_LIMITS.elements,
        )
    except UnicodeDecodeError:
        raise MalformedInput("a form must be UTF-8 text") from None
    except ValueError:
        raise InvalidInput(
            f"the form has more than {DEFAULT_LIMITS.elements} fields"
        ) from None
    fields: dict[str, list[Json]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return {n: values if len(values) > 1 else values[0] for n, values in fields.items()}


def _read_text(raw: bytes) -> Json:
    """Return the JSON that the text is, or else the text."""
    try:
        return parse_json(raw)
    except MalformedInput:
        text = _as_text(raw)
    check_json(text)
    return text


def _as_text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedInput("text must be UTF-8") from None
    if not text.strip():
        raise MalformedInput("the body is empty")
    return text
