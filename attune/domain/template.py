"""Templates: JSON values whose strings hold expressions in `{{ }}`.

A string that is exactly one expression (line breaks at its end aside, which YAML blocks
leave) becomes its value with its type; any other string stays a string, in which null
is nothing, true is `true`, and lists and objects are JSON. Only `{{ }}` means anything:
`{% %}` and `{# #}` are plain text, and so are keys. For a literal `{{` write
`{{ '{{' }}`. What an expression gives is data and is never rendered again.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from attune.domain.errors import InvalidInput
from attune.domain.expression import Expression, compile_expression
from attune.domain.expression_budget import MAX_SOURCE, Budget
from attune.domain.expression_value import to_text
from attune.domain.json import Json, format_place

OPENING: Final = "{{"
_STEPS_PER_EXPRESSION: Final = 80

_Place: TypeAlias = tuple[str | int, ...]

# A string, an open quote that no string closes, or what nests or ends an expression.
_MARK: Final = re.compile(
    r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"|['"{}]""", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Template:
    """A string, cut into plain text and expressions."""

    parts: tuple[str | Expression, ...]
    sole: Expression | None
    """The expression, if the string is exactly one."""

    def render(self, context: "Context") -> Json:
        """Return the value of the only expression, or the text."""
        return context.evaluate(self.sole) if self.sole else self.render_text(context)

    def render_text(self, context: "Context") -> str:
        """Return the text with all values written into it."""
        pieces = [
            part
            if isinstance(part, str)
            else to_text(context.budget, context.evaluate(part))
            for part in self.parts
        ]
        context.budget.make_text(sum(map(len, pieces)))
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Context:
    """What all expressions of one rendering see, and the work they share."""

    scope: Mapping[str, Json]
    functions: Mapping[str, Callable[..., Json]]
    budget: Budget

    def evaluate(self, expression: Expression) -> Json:
        """Return the expression's value."""
        return expression.evaluate(self.scope, self.functions, self.budget)


def is_template(text: str) -> bool:
    """Tell whether the string holds an expression."""
    return OPENING in text


def sole_expression(text: str) -> str | None:
    """Return the source of the expression that the string exactly is, if so."""
    pieces = list(_cut(text))
    return pieces[0][0] if _is_sole(pieces) else None


def _is_sole(pieces: Sequence[tuple[str, bool]]) -> bool:
    if not pieces or not pieces[0][1]:
        return False
    return not any(
        is_expression or piece.strip("\r\n") for piece, is_expression in pieces[1:]
    )


def compile_template(text: str, functions: Collection[str] = frozenset()) -> Template:
    """Compile; raises InvalidInput that says what is wrong, and where."""
    return _compile(text, frozenset(functions))


@lru_cache(maxsize=1_024)
def _compile(text: str, functions: frozenset[str]) -> Template:
    if len(text) > MAX_SOURCE:
        raise InvalidInput(f"a template has at most {MAX_SOURCE} characters")
    pieces = list(_cut(text))
    parts = tuple(
        compile_expression(piece, functions) if is_expression else piece
        for piece, is_expression in pieces
    )
    first = parts[0] if _is_sole(pieces) else None
    return Template(parts, first if isinstance(first, Expression) else None)


def _cut(text: str) -> Iterator[tuple[str, bool]]:
    """Give each piece and whether it is an expression."""
    at = 0
    while (start := text.find(OPENING, at)) >= 0:
        if start > at:
            yield text[at:start], False
        end = _end_of_expression(text, start + len(OPENING))
        yield text[start + len(OPENING) : end].strip(), True
        at = end + len(OPENING)
    if at < len(text):
        yield text[at:], False


def _end_of_expression(text: str, start: int) -> int:
    if text.startswith("-", start):
        raise InvalidInput("'{{-' does not exist; write '{{ -' for a negative number")
    open_braces, at = 0, start
    while found := _MARK.search(text, at):
        mark, at = found[0], found.end()
        if mark in ("'", '"'):
            raise InvalidInput(f"a string is not closed (at character {at})")
        if mark == "{":
            open_braces += 1
        elif mark == "}" and open_braces:
            open_braces -= 1
        elif mark == "}" and text.startswith("}", at):
            return at - 1
    raise InvalidInput(f"'{{{{' is not closed (at character {start - 1})")


def render(
    value: Json,
    scope: Mapping[str, Json],
    functions: Mapping[str, Callable[..., Json]] | None = None,
    budget: Budget | None = None,
) -> Json:
    """Return the value with every template in it rendered.

    Raises InvalidInput that names the place. All templates share one budget, and the
    value returned may share lists and objects with the scope.
    """
    return _render(value, Context(scope, functions or {}, budget or Budget()), ())


def _render(value: Json, context: Context, place: _Place) -> Json:
    if isinstance(value, str):
        return _render_string(value, context, place)
    if isinstance(value, list):
        return [_render(item, context, (*place, at)) for at, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            key: _render(item, context, (*place, key)) for key, item in value.items()
        }
    return value


def _render_string(text: str, context: Context, place: _Place) -> Json:
    if not is_template(text):
        return text
    try:
        _pay(context.budget, text)
        return compile_template(text, context.functions.keys()).render(context)
    except InvalidInput as wrong:
        raise InvalidInput(_at(place, wrong.message)) from None


def render_text(
    text: str,
    scope: Mapping[str, Json],
    functions: Mapping[str, Callable[..., Json]] | None = None,
) -> str:
    """Return the string with every expression written into it as text."""
    functions = functions or {}
    template = compile_template(text, functions.keys())
    return template.render_text(Context(scope, functions, Budget()))


def check_template(
    value: Json, functions: Collection[str] = frozenset(), where: str = ""
) -> list[str]:
    """Return what is wrong with the templates in a value, each with its place."""
    budget = Budget()
    return [
        _at(at, problem)
        for at, text in templates_in(value, (where,) if where else ())
        if (problem := _problem(budget, text, functions))
    ]


def templates_in(value: Json, place: _Place = ()) -> Iterator[tuple[_Place, str]]:
    """Give every string in the value that is a template, with its place."""
    if isinstance(value, str):
        if is_template(value):
            yield place, value
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from templates_in(item, (*place, at))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from templates_in(item, (*place, key))


def _problem(budget: Budget, text: str, functions: Collection[str]) -> str | None:
    try:
        _pay(budget, text)
        compile_template(text, functions)
    except InvalidInput as wrong:
        return wrong.message
    return None


def _pay(budget: Budget, text: str) -> None:
    """Pay for compiling it, so that no document holds too many templates.

    The price is the same whether it was compiled before or not.
    """
    budget.spend(len(text) // 2 + text.count(OPENING) * _STEPS_PER_EXPRESSION)


def _at(place: _Place, problem: str) -> str:
    return f"{format_place(place)}: {problem}" if place else problem
