"""Regular expressions of users: RE2, which needs time linear in the text, never more."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from attune.domain.errors import InvalidInput

MAX_SOURCE: Final = 1_000
MAX_PROGRAM: Final = 5_000
"""Instructions; `a{1000}b{1000}` is a short text and a long program."""

_MEMORY: Final = 1 << 19
_COST_DIVISOR: Final = 64


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled regular expression that knows what a search may cost at worst."""

    source: str
    _regexp: Any
    _program_size: int

    def cost(self, text: str) -> int:
        """Return the steps a search of this text may take."""
        return len(text) * self._program_size // _COST_DIVISOR + 1

    def matches(self, text: str) -> bool:
        """Tell whether the pattern is found anywhere in the text."""
        # Bytes spare the conversion of offsets that nobody asks for.
        return self._regexp.search(text.encode("utf-8", "replace")) is not None


@lru_cache(maxsize=512)
def compile_pattern(source: str) -> Pattern:
    """Compile; raises InvalidInput where RE2 cannot, with its reason."""
    if len(source) > MAX_SOURCE:
        raise InvalidInput(f"a regular expression has at most {MAX_SOURCE} characters")
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        regexp = re2.compile(source, options)
    except (re2.error, UnicodeEncodeError) as refused:
        raise InvalidInput(f"not a regular expression: {_reason(refused)}") from None
    if regexp.programsize > MAX_PROGRAM:
        raise InvalidInput("not a regular expression: it repeats too much")
    return Pattern(source, regexp, regexp.programsize)


def _reason(refused: Exception) -> str:
    reason = refused.args[0] if refused.args else ""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else "no text"
    if "invalid perl operator" in text:
        return "look-around is not supported (RE2 syntax)"
    return text.partition(":")[0] + " (RE2 syntax)"
