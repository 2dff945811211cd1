"""Checks templated parameters against a schema, before anyone knows their values."""

from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.schema import Problem, find_problems
from attune.domain.template import sole_expression, templates_in

# What these say of a value depends on all that is in it.
_OF_THE_WHOLE: Final = frozenset(
    {"anyOf", "oneOf", "not", "if", "enum", "const", "contains", "uniqueItems"}
)


def validate_templates(
    schema: JsonObject | None, value: Json, where: str = ""
) -> list[str]:
    """Return what is wrong already; what a template will give is taken on trust.

    A text around an expression makes a string whatever the expression gives.
    """
    templates = dict(templates_in(value))
    return [
        problem.text(where)
        for problem in find_problems(schema, value)
        if not _is_open(problem, templates)
    ]


def _is_open(problem: Problem, templates: dict[tuple[str | int, ...], str]) -> bool:
    """Tell whether a template may yet give a value without this problem."""
    text = templates.get(problem.path)
    if text is not None:
        return problem.keyword != "type" or _is_sole(text)
    depth = len(problem.path)
    return problem.keyword in _OF_THE_WHOLE and any(
        path[:depth] == problem.path for path in templates
    )


def _is_sole(text: str) -> bool:
    try:
        return sole_expression(text) is not None
    except InvalidInput:
        # What is wrong with the template itself is not for a schema to say.
        return True
