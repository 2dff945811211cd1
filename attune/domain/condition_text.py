"""Comparisons of texts: how they begin and end, patterns and wildcards."""

from collections.abc import Callable

from attune.domain.condition_asking import Asking, Test
from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import Budget
from attune.domain.expression_value import type_name
from attune.domain.json import Json
from attune.domain.pattern import Pattern, compile_pattern
from attune.domain.wildcard import compile_wildcard


def wanted_text(wanted: Json) -> str:
    """Return the value of a condition that must be a text."""
    if not isinstance(wanted, str):
        raise InvalidInput("must be a string")
    return wanted


def without_case(budget: Budget, text: str) -> str:
    """Return the text as it is compared where case does not count."""
    # Letters outside ASCII are looked up one by one.
    budget.spend_text(len(text) * (1 if text.isascii() else 8))
    return text.casefold()


def starts_with(*, ignores_case: bool = False) -> Callable[[Json], Test]:
    """Return the operator that looks at the beginning."""
    return _affix(str.startswith, ignores_case=ignores_case)


def ends_with(*, ignores_case: bool = False) -> Callable[[Json], Test]:
    """Return the operator that looks at the end."""
    return _affix(str.endswith, ignores_case=ignores_case)


def _affix(
    has: Callable[[str, str], bool], *, ignores_case: bool
) -> Callable[[Json], Test]:
    def prepare(wanted: Json) -> Test:
        affix = wanted_text(wanted)
        if ignores_case:
            affix = affix.casefold()
            return _of_text(lambda text, budget: has(without_case(budget, text), affix))
        return _of_text(lambda text, _: has(text, affix))

    return prepare


def matches(*, ignores_case: bool = False) -> Callable[[Json], Test]:
    """Return the operator that finds a regular expression anywhere in the text."""
    flags = "(?i)" if ignores_case else ""
    return lambda wanted: _found(
        compile_pattern(flags + _checked(wanted)) if flags else _pattern(wanted)
    )


def matches_at_start(wanted: Json) -> Test:
    """Find a regular expression at the start of the text, whose dot is any character."""
    return _found(compile_pattern(rf"(?s)\A(?:{_checked(wanted)})"))


def matches_wildcard(wanted: Json) -> Test:
    """Hold the whole text against a wildcard."""
    return _found(compile_wildcard(wanted_text(wanted)))


def _pattern(wanted: Json) -> Pattern:
    return compile_pattern(wanted_text(wanted))


def _checked(wanted: Json) -> str:
    """Return the source of a pattern that is one by itself, before more is added."""
    return _pattern(wanted).source


def _found(pattern: Pattern) -> Test:
    def test(text: str, budget: Budget) -> bool:
        budget.spend(pattern.cost(text))
        return pattern.matches(text)

    return _of_text(test)


def _of_text(test: Callable[[str, Budget], bool]) -> Test:
    def test_value(actual: Json, asking: Asking) -> bool:
        if actual is None:
            return False
        if not isinstance(actual, str):
            raise InvalidInput(f"needs a string, not {type_name(actual)}")
        return test(actual, asking.budget)

    return test_value
