"""The templates and conditions of a workflow, compiled once.

`render` of `attune.domain.template` compiles what it meets; here a value is compiled
with its workflow and rendered many times, and it is known what it reads.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from attune.domain.errors import InvalidInput
from attune.domain.expression import Expression, compile_expression
from attune.domain.expression_budget import Budget
from attune.domain.json import Json, format_place
from attune.domain.template import (
    Context,
    Template,
    compile_template,
    is_template,
    sole_expression,
    templates_in,
)

Place: TypeAlias = tuple[str | int, ...]
Path: TypeAlias = tuple[str, ...]
Names: TypeAlias = Mapping[str, Json]
Functions: TypeAlias = Mapping[str, Callable[..., Json]]
_Step: TypeAlias = Callable[[Context], Json]


@dataclass(frozen=True, slots=True)
class Reads:
    """What templates read: paths from a name, and functions of the transition."""

    paths: frozenset[Path] = frozenset()
    calls: frozenset[str] = frozenset()

    def __or__(self, other: "Reads") -> "Reads":
        return Reads(self.paths | other.paths, self.calls | other.calls)


def all_reads(reads: Iterable[Reads]) -> Reads:
    """Return what several templates read."""
    found = list(reads)
    return Reads(
        frozenset().union(*(each.paths for each in found)),
        frozenset().union(*(each.calls for each in found)),
    )


def reads_of(expressions: Iterable[Expression]) -> Reads:
    """Return what several expressions read."""
    return all_reads(Reads(each.paths, each.calls) for each in expressions)


@dataclass(frozen=True, slots=True)
class Located:
    """An expression with the place in the definition where it stands."""

    place: Place
    expression: Expression


@dataclass(frozen=True, slots=True)
class Templated:
    """A value of the definition, with every template in it compiled."""

    place: Place
    source: Json
    expressions: tuple[Located, ...]
    reads: Reads
    _step: _Step

    def render(self, names: Names, functions: Functions) -> Json:
        """Return the value; raises InvalidInput that begins with the place."""
        return self._step(Context(names, functions, Budget()))


@dataclass(frozen=True, slots=True)
class Condition:
    """Expressions that must all hold."""

    place: Place
    expressions: tuple[Expression, ...]
    reads: Reads

    def holds(self, names: Names, functions: Functions) -> bool:
        """Decide; raises InvalidInput that begins with the place."""
        budget = Budget()
        try:
            return all(
                each.evaluate(names, functions, budget) for each in self.expressions
            )
        except InvalidInput as wrong:
            raise located(self.place, wrong) from None


def located(place: Place, wrong: InvalidInput) -> InvalidInput:
    """Return the error with its place in front."""
    return InvalidInput(f"{format_place(place)}: {wrong.message}")


class Compiling:
    """Compiles values of one definition and collects what is wrong with them."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems

    def add(self, place: Place, problem: str) -> None:
        """Note a problem."""
        self.problems.append(f"{format_place(place)}: {problem}")

    def value(
        self, value: Json, place: Place, functions: Collection[str] = frozenset()
    ) -> Templated:
        """Compile the templates in a value; one that is wrong becomes null."""
        found: list[Located] = []
        step = self._step(value, place, functions, found)
        reads = reads_of(each.expression for each in found)
        return Templated(place, value, tuple(found), reads, step)

    def condition(
        self, value: Json, place: Place, functions: Collection[str] = frozenset()
    ) -> Condition | None:
        """Compile a condition, in `{{ }}` or without; None if it is wrong."""
        try:
            return make_condition(place, [_source(value)], functions)
        except InvalidInput as wrong:
            self.add(place, wrong.message)
            return None

    def _step(
        self,
        value: Json,
        place: Place,
        functions: Collection[str],
        found: list[Located],
    ) -> _Step:
        if isinstance(value, str) and is_template(value):
            return self._template(value, place, functions, found)
        if not any(True for _ in templates_in(value)):
            return lambda _: value
        if isinstance(value, list):
            items = [
                self._step(item, (*place, at), functions, found)
                for at, item in enumerate(value)
            ]
            return lambda context: [item(context) for item in items]
        if isinstance(value, dict):
            fields = {
                key: self._step(item, (*place, key), functions, found)
                for key, item in value.items()
            }
            return lambda context: {
                key: field(context) for key, field in fields.items()
            }
        return lambda _: value

    def _template(
        self,
        text: str,
        place: Place,
        functions: Collection[str],
        found: list[Located],
    ) -> _Step:
        try:
            template = compile_template(text, functions)
        except InvalidInput as wrong:
            self.add(place, wrong.message)
            return lambda _: None
        found += [
            Located(place, part)
            for part in template.parts
            if isinstance(part, Expression)
        ]
        return lambda context: _render(template, context, place)


def _render(template: Template, context: Context, place: Place) -> Json:
    try:
        return template.render(context)
    except InvalidInput as wrong:
        raise located(place, wrong) from None


def _source(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise InvalidInput("must be an expression")
    text = value.strip()
    source = sole_expression(text) if is_template(text) else text
    if source is None:
        raise InvalidInput("must be one expression, with nothing around its {{ }}")
    return source


def make_condition(
    place: Place, sources: Sequence[str], functions: Collection[str]
) -> Condition:
    """Compile expressions that must all hold; raises InvalidInput."""
    expressions = tuple(compile_expression(source, functions) for source in sources)
    return Condition(place, expressions, reads_of(expressions))
