"""The tree that conditions are compiled to: single ones, groups, and their negations.

An answer is one of three: it holds, it does not, or it cannot be told. What cannot be
told stays so when it is negated, so that an error never makes a rule match.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from attune.domain.condition_asking import Answer, Asking
from attune.domain.enforcement import EnforcementCondition
from attune.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of asking a condition."""

    holds: bool | None
    """None where it could not be told."""
    by: "Node"
    """What settled it: the condition itself, or one within it."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Single:
    """One expression or comparison."""

    place: str
    text: str
    """Its place and source, as a decision shows it."""
    holds: Callable[[Asking], bool]
    reads: frozenset[tuple[str, ...]] = frozenset()
    """The paths that an expression reads."""

    def judge(self, asking: Asking) -> Verdict:
        """Ask it; what goes wrong is part of the answer."""
        try:
            verdict = Verdict(self.holds(asking), self)
        except InvalidInput as wrong:
            verdict = Verdict(None, self, f"{self.text}: {wrong.message}")
        if asking.heard is not None:
            asking.heard[self.place] = Answer(verdict.holds, verdict.error)
        return verdict

    def singles(self) -> Iterator["Single"]:
        """Give every expression and comparison in it."""
        yield self


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all must hold, or any suffices; asked in order."""

    text: str
    mode: EnforcementCondition
    members: tuple["Node", ...]

    def judge(self, asking: Asking) -> Verdict:
        """Ask until one settles it."""
        if self.mode is EnforcementCondition.ALL:
            return self._all(asking)
        return self._any(asking)

    def _all(self, asking: Asking) -> Verdict:
        for member in self.members:
            verdict = member.judge(asking)
            if not verdict.holds:
                return verdict
        return Verdict(holds=True, by=self)

    def _any(self, asking: Asking) -> Verdict:
        unknown: Verdict | None = None
        for member in self.members:
            verdict = member.judge(asking)
            if verdict.holds:
                return verdict
            if verdict.holds is None:
                unknown = unknown or verdict
        return unknown or Verdict(holds=False, by=self)

    def singles(self) -> Iterator[Single]:
        """Give every expression and comparison in it."""
        for member in self.members:
            yield from member.singles()


@dataclass(frozen=True, slots=True)
class Negation:
    """A condition that must not hold."""

    member: "Node"

    @property
    def text(self) -> str:
        """Its place and source, as a decision shows it."""
        return self.member.text

    def judge(self, asking: Asking) -> Verdict:
        """Turn the answer around, if there is one."""
        verdict = self.member.judge(asking)
        if verdict.holds is None:
            return verdict
        return Verdict(not verdict.holds, verdict.by)

    def singles(self) -> Iterator[Single]:
        """Give every expression and comparison in it."""
        return self.member.singles()


Node: TypeAlias = Single | Group | Negation
