"""All functions of the expression language (contract, e.5), and nothing else.

`default(value, instead)` is ours: `or` returns a boolean there, so that something has
to stand in for a value that is missing.
"""

from difflib import get_close_matches
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.function import Function
from attune.domain.functions_list import LIST_FUNCTIONS
from attune.domain.functions_number import NUMBER_FUNCTIONS
from attune.domain.functions_text import TEXT_FUNCTIONS

FUNCTIONS: Final[dict[str, Function]] = {
    **NUMBER_FUNCTIONS,
    **TEXT_FUNCTIONS,
    **LIST_FUNCTIONS,
}

TRANSITION_FUNCTIONS: Final = frozenset({"result", "succeeded", "failed", "timed_out"})
"""What a workflow's transitions have besides; whoever evaluates them brings them."""


def find_function(name: str) -> Function:
    """Return the function, or raise InvalidInput with the names that come close."""
    function = FUNCTIONS.get(name)
    if function is None:
        near = get_close_matches(name[:32], FUNCTIONS, n=2)
        hint = f"; did you mean {' or '.join(f'{each}()' for each in near)}?"
        raise InvalidInput(f"there is no function '{name[:32]}'{hint if near else ''}")
    return function


def check_arguments(name: str, function: Function, given: int) -> None:
    """Raise InvalidInput unless the function takes so many arguments."""
    if function.least <= given <= function.most:
        return
    takes = f"{function.least}"
    if function.most > function.least:
        takes = f"{function.least} to {function.most}"
    raise InvalidInput(f"{name}() takes {takes} argument(s), not {given}")
