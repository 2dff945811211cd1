"""The tests of the expression language, as in `value is defined`."""

from collections.abc import Callable
from typing import Final, TypeAlias

from attune.domain.errors import InvalidInput
from attune.domain.expression_operator import is_number
from attune.domain.json import Json

Test: TypeAlias = Callable[[Json], bool]

# A missing path is null, so that what is null counts as not defined.
_TESTS: Final[dict[str, Test]] = {
    "defined": lambda value: value is not None,
    "undefined": lambda value: value is None,
    "none": lambda value: value is None,
    "null": lambda value: value is None,
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "boolean": lambda value: isinstance(value, bool),
    "number": is_number,
    "integer": lambda value: type(value) is int,
    "float": lambda value: type(value) is float,
    "string": lambda value: isinstance(value, str),
    "sequence": lambda value: isinstance(value, list),
    "mapping": lambda value: isinstance(value, dict),
}


def find_test(name: str) -> Test:
    """Return the test, or raise InvalidInput with the names there are."""
    test = _TESTS.get(name)
    if test is None:
        known = ", ".join(sorted(_TESTS))
        raise InvalidInput(f"there is no test '{name[:32]}'; there are {known}")
    return test
