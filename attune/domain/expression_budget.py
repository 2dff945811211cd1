"""How large an expression, its values and its work may be.

Work is counted, not timed, so that the same input always has the same outcome: an
expression has no loops, hence all it can do is call functions on large values, and each
of these pays for the elements and characters that it touches. The whole budget is worth
some 20 ms, and 50 ms in the worst case found.
"""

from typing import Final

from attune.domain.errors import InvalidInput

MAX_SOURCE: Final = 16_000
MAX_NODES: Final = 4_000
MAX_NESTING: Final = 100
MAX_BRACKETS: Final = 30

MAX_TEXT: Final = 256_000
MAX_ELEMENTS: Final = 10_000
MAX_DEPTH: Final = 64
MAX_INTEGER_BITS: Final = 4_096

STEPS: Final = 100_000
_CHARACTERS_PER_STEP: Final = 64


class Budget:
    """The work that is left; one may serve several evaluations."""

    __slots__ = ("steps",)

    def __init__(self, steps: int = STEPS) -> None:
        self.steps = steps

    def spend(self, steps: int) -> None:
        """Pay for so many elements touched; raises InvalidInput when nothing is left."""
        self.steps -= steps
        if self.steps < 0:
            raise InvalidInput("does more work than is allowed")

    def spend_text(self, length: int) -> None:
        """Pay for a text of this length that is read or written."""
        self.spend(length // _CHARACTERS_PER_STEP + 1)

    def make_text(self, length: int) -> None:
        """Pay for a new text of this length, or refuse it."""
        if length > MAX_TEXT:
            raise InvalidInput(f"makes a text of more than {MAX_TEXT} characters")
        self.spend_text(length)

    def make_list(self, length: int) -> None:
        """Pay for a new list or object of this length, or refuse it."""
        if length > MAX_ELEMENTS:
            raise InvalidInput(f"makes a list of more than {MAX_ELEMENTS} elements")
        self.spend(length + 1)
