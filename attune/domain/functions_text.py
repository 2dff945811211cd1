"""Functions on text."""

from collections.abc import Callable
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import MAX_ELEMENTS, Budget
from attune.domain.expression_value import to_text
from attune.domain.function import Function, list_argument, text_argument
from attune.domain.json import Json
from attune.domain.pattern import compile_pattern

# Compiling a class such as \pL costs this much more than reading its letters.
_STEPS_PER_PATTERN_CHARACTER: Final = 80


def _lower(budget: Budget, value: Json) -> Json:
    return _change_case(budget, text_argument(value, "lower()"), str.lower)


def _upper(budget: Budget, value: Json) -> Json:
    return _change_case(budget, text_argument(value, "upper()"), str.upper)


def _change_case(budget: Budget, text: str, change: Callable[[str], str]) -> str:
    # Letters outside ASCII are looked up one by one.
    budget.spend_text(len(text) * (1 if text.isascii() else 8))
    changed = change(text)
    budget.make_text(len(changed))
    return changed


def _trim(budget: Budget, value: Json, characters: Json = None) -> Json:
    text = text_argument(value, "trim()")
    cut = None if characters is None else text_argument(characters, "trim()")
    # Each character of the text may be compared with each of the set.
    budget.spend_text(len(text) * min(len(cut or ""), 64))
    return text.strip(cut if cut is None else cut[:64])


def _split(budget: Budget, value: Json, separator: Json = None) -> Json:
    text = text_argument(value, "split()")
    by = None if separator is None else text_argument(separator, "split()")
    if by == "":
        raise InvalidInput("split() needs a separator that is not empty")
    budget.spend_text(len(text))
    parts = text.split(by, MAX_ELEMENTS)
    budget.make_list(len(parts))
    return list[Json](parts)


def _join(budget: Budget, values: Json, separator: Json = "") -> Json:
    items = list_argument(values, "join()")
    between = text_argument(separator, "join()")
    budget.make_list(len(items))
    parts = [to_text(budget, item) for item in items]
    budget.make_text(sum(map(len, parts)) + len(between) * max(len(parts) - 1, 0))
    return between.join(parts)


def _replace(budget: Budget, value: Json, old: Json, new: Json) -> Json:
    text = text_argument(value, "replace()")
    before, after = text_argument(old, "replace()"), text_argument(new, "replace()")
    if not before:
        raise InvalidInput("replace() needs a text to replace that is not empty")
    budget.spend_text(len(text))
    growth = (len(after) - len(before)) * text.count(before)
    budget.make_text(len(text) + growth)
    return text.replace(before, after)


def _starts_with(budget: Budget, value: Json, start: Json) -> Json:
    beginning = text_argument(start, "starts_with()")
    budget.spend_text(len(beginning))
    return text_argument(value, "starts_with()").startswith(beginning)


def _ends_with(budget: Budget, value: Json, end: Json) -> Json:
    ending = text_argument(end, "ends_with()")
    budget.spend_text(len(ending))
    return text_argument(value, "ends_with()").endswith(ending)


def _match(budget: Budget, pattern: Json, value: Json) -> Json:
    """Search anywhere in the text; `^` and `$` anchor."""
    source = text_argument(pattern, "match()")
    text = text_argument(value, "match()")
    budget.spend(len(source) * _STEPS_PER_PATTERN_CHARACTER)
    compiled = compile_pattern(source)
    budget.spend(compiled.cost(text))
    return compiled.matches(text)


TEXT_FUNCTIONS: Final = {
    "lower": Function(_lower),
    "upper": Function(_upper),
    "trim": Function(_trim, 1, 2),
    "split": Function(_split, 1, 2),
    "join": Function(_join, 1, 2),
    "replace": Function(_replace, 3, 3),
    "starts_with": Function(_starts_with, 2, 2),
    "ends_with": Function(_ends_with, 2, 2),
    "match": Function(_match, 2, 2, piped_at=1),
}
