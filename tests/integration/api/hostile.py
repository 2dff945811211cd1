"""Valid requests with one thing in them that somebody hostile would send.

Half of a surrogate pair, numbers that nothing can hold, depth and odd headers are what
schemathesis does not draw.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from tests.integration.api.examining import APIOperation, Case
from tests.integration.api.owned import Owned

TEXTS: Final = (
    "",
    "\0",
    "\u202e{{ 1 }}",
    "%00%ff",
    "../../etc/passwd",
    "'; --",
    "-1",
    "٣",
    "9" * 30,
    "9" * 5000,
    "x" * 300,
    "\U0001d54f" * 300,
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
)
VALUES: Final[tuple[Any, ...]] = (
    *TEXTS,
    "\ud800",
    -1,
    2**63,
    10**400,
    1.5e308,
    True,
    [],
    {},
    {"\ud800": "\0"},
    [[[[[[[[]]]]]]]] * 3,
)
HEADERS: Final[tuple[Mapping[str, str], ...]] = (
    {"Content-Type": "application/json; charset=utf-16"},
    {"Content-Type": "application/json; charset="},
    {"Content-Type": "multipart/form-data"},
    {"Content-Type": "multipart/form-data; boundary="},
    {"Content-Type": "text/plain"},
    {"Content-Type": "\xff"},
    {"Content-Encoding": "gzip"},
    {"Range": "bytes=-0"},
    {"Range": "bytes=5-" + "9" * 100},
    {"Last-Event-ID": "\xff~9" * 20},
    {"Idempotency-Key": "\xff" * 300},
    {"X-Forwarded-For": "::1%lo, \xff", "Forwarded": "for=_x"},
    {"Content-Length": "-1"},
    {"Accept": "\xff", "Accept-Encoding": "x;q=9"},
)


def hostile(operation: APIOperation, owned: Owned) -> Iterator[Case]:
    """Yield requests about what is owned, each with one thing replaced."""
    places = owned.places(operation.path)
    body = owned.body(operation.label)
    valid = dict(body) if isinstance(body, dict) else None
    for name in places:
        for text in TEXTS[1:]:
            yield _case(operation, {**places, name: text}, valid)
    for parameter in operation.query:
        for text in TEXTS:
            yield _case(operation, places, valid, query={parameter.name: text})
    for headers in HEADERS:
        yield _case(operation, places, valid, headers=dict(headers))
    for changed in _replaced(valid or {}):
        yield _case(operation, places, changed)


def _case(
    operation: APIOperation, places: Mapping[str, Any], body: object, **parts: Any
) -> Case:
    if body is not None:
        parts |= {"body": deepcopy(body), "media_type": "application/json"}
    case: Case = operation.Case(path_parameters=dict(places), **parts)
    return case


def _replaced(document: Any) -> Iterator[Any]:
    """Yield the document once for each place in it and each hostile value."""
    for key, part in document.items():
        for value in VALUES:
            yield {**document, key: value}
        if isinstance(part, dict):
            yield from ({**document, key: changed} for changed in _replaced(part))
