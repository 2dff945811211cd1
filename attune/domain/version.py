"""Versions of runtimes, and the constraints an action puts on them (contract, d.7)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from semver import Version

from attune.domain.errors import InvalidInput

MAX_LENGTH: Final = 255

_PART: Final = re.compile(
    r"(>=|<=|!=|==|=|>|<|~|\^)?\s*v?"
    r"([0-9]{1,9}(?:\.[0-9]{1,9}){0,2})"
    r"((?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)\Z"
)
_WILDCARD: Final = re.compile(r"(?:\.[xX*])+\Z")

_Numbers: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Comparator:
    """One part of a constraint, such as `>=3.12`."""

    operator: str
    numbers: _Numbers
    """As many of major, minor and patch as were written."""
    version: Version

    def holds(self, version: Version) -> bool:
        """Compare at the precision that was written: `3.12.4` is no `>3.12`."""
        if version.prerelease and not self.version.prerelease:
            return False
        return _OPERATORS[self.operator](self, version)

    def compare(self, version: Version) -> int:
        """Return less than, equal to, or more than 0."""
        if len(self.numbers) == 3:  # noqa: PLR2004 - major, minor and patch
            return version.compare(self.version)
        cut = version.to_tuple()[: len(self.numbers)]
        return (cut > self.numbers) - (cut < self.numbers)

    def shares(self, version: Version, count: int) -> bool:
        """Tell whether the first `count` numbers are the same, and it is not older."""
        same = version.to_tuple()[:count] == self.version.to_tuple()[:count]
        return same and version >= self.version


def _is_near(wanted: Comparator, version: Version) -> bool:
    return wanted.shares(version, min(len(wanted.numbers), 2))


def _is_compatible(wanted: Comparator, version: Version) -> bool:
    significant = (at for at, number in enumerate(wanted.numbers, 1) if number)
    return wanted.shares(version, next(significant, len(wanted.numbers)))


_OPERATORS: Final[dict[str, Callable[[Comparator, Version], bool]]] = {
    ">=": lambda wanted, version: wanted.compare(version) >= 0,
    "<=": lambda wanted, version: wanted.compare(version) <= 0,
    ">": lambda wanted, version: wanted.compare(version) > 0,
    "<": lambda wanted, version: wanted.compare(version) < 0,
    "=": lambda wanted, version: wanted.compare(version) == 0,
    "==": lambda wanted, version: wanted.compare(version) == 0,
    "!=": lambda wanted, version: wanted.compare(version) != 0,
    "~": _is_near,
    "^": _is_compatible,
}


def parse_version(text: str) -> Version:
    """Read a version as people write it: `3.12` is 3.12.0; raises InvalidInput."""
    found = _PART.match(text.strip()) if len(text) <= MAX_LENGTH else None
    if found is None or found[1]:
        raise InvalidInput("a version must look like 3.12 or 3.12.4")
    return _version(found[2], found[3])


def _version(numbers: str, rest: str) -> Version:
    try:
        return Version.parse(numbers + ".0" * (2 - numbers.count(".")) + rest)
    except ValueError:
        raise InvalidInput("a version must look like 3.12 or 3.12.4") from None


def parse_constraint(constraint: str) -> tuple[Comparator, ...]:
    """Read `>=3.12, <4`; commas mean and, nothing or `*` allows every version."""
    if len(constraint) > MAX_LENGTH:
        raise InvalidInput(f"a constraint has at most {MAX_LENGTH} characters")
    parts = (part.strip() for part in constraint.split(","))
    return tuple(_comparator(part) for part in parts if part not in ("", "*"))


def _comparator(part: str) -> Comparator:
    found = _PART.match(_WILDCARD.sub("", part))
    if found is None:
        raise InvalidInput(
            "a version constraint must look like >=3.12, ~3.12, ^20 or 3.12"
        )
    numbers = tuple(int(number) for number in found[2].split("."))
    return Comparator(found[1] or "~", numbers, _version(found[2], found[3]))


def satisfies(version: str, constraint: str) -> bool:
    """Tell whether a version fits; a pre-release fits only where one is named."""
    candidate = parse_version(version)
    return all(part.holds(candidate) for part in parse_constraint(constraint))


def highest_satisfying(available: Iterable[str], constraint: str) -> str | None:
    """Return the highest of the available versions that fits, as it was written."""
    parts = parse_constraint(constraint)
    fitting = [
        (parse_version(version), version)
        for version in available
        if all(part.holds(parse_version(version)) for part in parts)
    ]
    return max(fitting)[1] if fitting else None
