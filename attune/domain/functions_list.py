"""Functions on lists and objects; several take text too."""

import json
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import MAX_ELEMENTS, Budget
from attune.domain.expression_operator import contains, cut
from attune.domain.expression_value import equal, measure, type_name
from attune.domain.function import (
    Function,
    integer_argument,
    list_argument,
    object_argument,
    text_argument,
)
from attune.domain.functions_number import check_same_order
from attune.domain.json import Json, JsonObject


def _length(_: Budget, value: Json) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise InvalidInput(f"length() cannot take {type_name(value)}")


def _keys(budget: Budget, value: Json) -> Json:
    """Return the keys in alphabetical order, for objects have none of their own."""
    found = object_argument(value, "keys()")
    budget.make_list(len(found))
    return list[Json](sorted(found))


def _values(budget: Budget, value: Json) -> Json:
    """Return the values in the order of keys()."""
    found = object_argument(value, "values()")
    budget.make_list(len(found))
    return [found[key] for key in sorted(found)]


def _reversed(budget: Budget, value: Json) -> Json:
    if not isinstance(value, str):
        list_argument(value, "reversed()")
    return cut(budget, value, (None, None, -1))


def _sort(budget: Budget, values: Json) -> Json:
    items = list_argument(values, "sort()")
    budget.make_list(len(items))
    budget.spend(len(items))
    check_same_order(items, "sort()")
    # The items are all numbers or all strings, which no type of ours can say.
    return sorted(items)  # type: ignore[type-var]


def _unique(budget: Budget, values: Json) -> Json:
    items = list_argument(values, "unique()")
    budget.make_list(len(items))
    budget.spend(len(items))
    first: dict[object, Json] = {}
    for item in items:
        first.setdefault(_identity(budget, item), item)
    return list(first.values())


def _identity(budget: Budget, value: Json) -> object:
    if isinstance(value, list | dict):
        budget.spend_text(measure(budget, value) * 16)
        return json.dumps(_normal(value), sort_keys=True), list
    return value, type(value) if isinstance(value, bool) else None


def _normal(value: Json) -> Json:
    """Write 1.0 as 1, so that equal numbers have equal texts."""
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _flat(budget: Budget, values: Json) -> Json:
    """Open the lists in a list, one level."""
    items: list[Json] = []
    for value in list_argument(values, "flat()"):
        inner = value if isinstance(value, list) else [value]
        budget.make_list(len(inner))
        items.extend(inner)
        if len(items) > MAX_ELEMENTS:
            raise InvalidInput(f"makes a list of more than {MAX_ELEMENTS} elements")
    return items


def _zip(budget: Budget, *values: Json) -> Json:
    lists = [list_argument(value, "zip()") for value in values]
    shortest = min(map(len, lists))
    budget.make_list(shortest)
    budget.spend(shortest * (len(lists) + 3))
    return [list(group) for group in zip(*lists, strict=False)]


def _range(budget: Budget, *bounds: Json) -> Json:
    numbers = [integer_argument(bound, "range()") for bound in bounds]
    if len(numbers) == 3 and numbers[2] == 0:  # noqa: PLR2004 - start, stop, step
        raise InvalidInput("the step of range() cannot be 0")
    try:
        budget.make_list(len(range(*numbers)))
    except OverflowError:
        budget.make_list(MAX_ELEMENTS + 1)
    return list[Json](range(*numbers))


def _slice(budget: Budget, value: Json, start: Json, stop: Json = None) -> Json:
    return cut(budget, value, (start, stop, None))


def _index_of(budget: Budget, container: Json, item: Json) -> Json:
    """Return the first position, or -1."""
    if isinstance(container, str):
        budget.spend_text(len(container))
        return container.find(text_argument(item, "index_of()"))
    items = list_argument(container, "index_of()")
    budget.spend(len(items))
    found = (at for at, each in enumerate(items) if equal(budget, each, item))
    return next(found, -1)


def _count(budget: Budget, container: Json, *item: Json) -> Json:
    """Return how many elements there are, or how many equal the second argument."""
    if not item:
        return _length(budget, container)
    if isinstance(container, str):
        budget.spend_text(len(container))
        return container.count(text_argument(item[0], "count()"))
    items = list_argument(container, "count()")
    budget.spend(len(items))
    return sum(equal(budget, each, item[0]) for each in items)


def _merge(budget: Budget, *values: Json) -> Json:
    """Return one object with all keys; the last one that has a key decides."""
    merged: JsonObject = {}
    for value in values:
        part = object_argument(value, "merge()")
        budget.make_list(len(part))
        merged.update(part)
    return merged


def _chunks(budget: Budget, values: Json, size: Json) -> Json:
    items = list_argument(values, "chunks()")
    step = integer_argument(size, "chunks()")
    if step < 1:
        raise InvalidInput("chunks() needs a size of 1 or more")
    budget.make_list(len(items))
    budget.spend(len(items) // step * 4)
    return [items[at : at + step] for at in range(0, len(items), step)]


def _default(_: Budget, value: Json, instead: Json) -> Json:
    return instead if value is None else value


LIST_FUNCTIONS: Final = {
    "length": Function(_length),
    "keys": Function(_keys),
    "values": Function(_values),
    "contains": Function(contains, 2, 2),
    "reversed": Function(_reversed),
    "sort": Function(_sort),
    "unique": Function(_unique),
    "flat": Function(_flat),
    "zip": Function(_zip, 1, 20),
    "range": Function(_range, 1, 3),
    "slice": Function(_slice, 2, 3),
    "index_of": Function(_index_of, 2, 2),
    "count": Function(_count, 1, 2),
    "merge": Function(_merge, 1, 100),
    "chunks": Function(_chunks, 2, 2),
    "default": Function(_default, 2, 2),
}
