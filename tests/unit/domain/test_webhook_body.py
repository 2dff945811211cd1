"""From the bytes of a delivery to its payload."""

from typing import Any

import pytest

from attune.domain.errors import InvalidInput, MalformedInput
from attune.domain.webhook_body import BodyKind, body_kind, read_body


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        (None, BodyKind.UNNAMED),
        ("", BodyKind.UNNAMED),
        ("application/json", BodyKind.JSON),
        ("Application/JSON; charset=UTF-8", BodyKind.JSON),
        ("application/cloudevents+json", BodyKind.JSON),
        ("application/x-www-form-urlencoded", BodyKind.FORM),
        ("text/plain; format=flowed; charset=utf-8", BodyKind.TEXT),
        ("text/csv", BodyKind.TEXT),
        ("text/plain; charset=latin-1", None),
        ("application/json; charset=utf-16", None),
        ("application/xml", None),
        ("multipart/form-data; boundary=x", None),
        ("image/svg+json", None),
    ],
)
def test_a_content_type_stands_for_a_kind(
    content_type: str | None, kind: BodyKind | None
) -> None:
    assert body_kind(content_type) is kind


@pytest.mark.parametrize(
    ("raw", "payload"),
    [
        (b"a=1&b=x+y%20z&c=%C3%A9", {"a": "1", "b": "x y z", "c": "é"}),
        (b"a=1&a=2&b=", {"a": ["1", "2"], "b": ""}),
        (b"alone", {"alone": ""}),
        (b"payload=%7B%22a%22%3A1%7D", {"a": 1}),
        (b"payload=hello", "hello"),
        (b' {"a": "x&y=z"}', {"a": "x&y=z"}),
        (b"payload=%7B%7D&more=1", {"payload": "{}", "more": "1"}),
        (b"payload=1&payload=2", {"payload": ["1", "2"]}),
    ],
)
def test_a_form_is_its_fields(raw: bytes, payload: Any) -> None:
    assert read_body(BodyKind.FORM, raw) == payload


@pytest.mark.parametrize(
    ("raw", "payload"),
    [
        (b"Hello, World!", "Hello, World!"),
        (b'{"a": 1}', {"a": 1}),
        (b'"quoted"', "quoted"),
        (b"[" * 5_000, "[" * 5_000),
    ],
)
def test_a_text_is_the_json_that_it_is_or_itself(raw: bytes, payload: Any) -> None:
    assert read_body(BodyKind.TEXT, raw) == payload


@pytest.mark.parametrize(
    ("kind", "raw", "error"),
    [
        (BodyKind.FORM, b"", MalformedInput),
        (BodyKind.FORM, b"&&", MalformedInput),
        (BodyKind.FORM, b"{a=1", MalformedInput),
        (BodyKind.FORM, b"a=%FF", MalformedInput),
        (BodyKind.FORM, b"a=\xff", MalformedInput),
        (BodyKind.FORM, b"a=%00", InvalidInput),
        (BodyKind.FORM, b"a%00=1", InvalidInput),
        (BodyKind.FORM, b"payload=%00", InvalidInput),
        (BodyKind.FORM, b"payload=", MalformedInput),
        (BodyKind.FORM, b"a=1&" * 20_000, InvalidInput),
        (BodyKind.TEXT, b"", MalformedInput),
        (BodyKind.TEXT, b" \n", MalformedInput),
        (BodyKind.TEXT, b"\xff", MalformedInput),
        (BodyKind.TEXT, b"a\0", InvalidInput),
        (BodyKind.TEXT, b"1e400", InvalidInput),
        (BodyKind.JSON, b"Hello", MalformedInput),
        (BodyKind.UNNAMED, b"Hello", MalformedInput),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_cannot_be_stored_is_refused(
    kind: BodyKind, raw: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        read_body(kind, raw)
