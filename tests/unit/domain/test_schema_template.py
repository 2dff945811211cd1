"""Templated parameters, checked as far as they are known."""

import pytest

from attune.domain.json import JsonObject
from attune.domain.schema_template import validate_templates

SCHEMA: JsonObject = {
    "count": {"type": "integer", "required": True, "maximum": 10},
    "mode": {"enum": ["a", "b"]},
    "url": {"type": "string", "pattern": "^https://"},
    "items": {
        "type": "array",
        "items": {
            "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}
        },
    },
    "choice": {"anyOf": [{"type": "integer"}, {"properties": {"a": {"const": 1}}}]},
}


@pytest.mark.parametrize(
    "values",
    [
        {"count": "{{ n }}", "mode": "{{ m }}", "url": "{{ u }}"},
        {"count": 1, "url": "https://{{ host }}/", "mode": "{{ 'a' }}"},
        {"count": 1, "items": "{{ list }}"},
        {"count": 1, "items": [{"id": "{{ n }}", "name": "x {{ n }}"}]},
        {"count": 1, "choice": {"a": "{{ n }}"}},
        {"count": "{{ broken"},
    ],
)
def test_a_template_may_become_anything(values: JsonObject) -> None:
    assert validate_templates(SCHEMA, values) == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"url": "{{ u }}"}, "p.count: is required"),
        ({"count": 11, "url": "{{ u }}"}, "p.count: must be at most 10"),
        ({"count": "at {{ n }}"}, "p.count: must be of type integer"),
        (
            {"count": 1, "items": [{"id": "no", "name": "{{ n }}"}]},
            "p.items[0].id: must be of type integer",
        ),
        ({"count": 1, "items": "x {{ n }}"}, "p.items: must be of type array"),
    ],
)
def test_what_is_wrong_already_is_told(values: JsonObject, problem: str) -> None:
    assert validate_templates(SCHEMA, values, "p") == [problem]
