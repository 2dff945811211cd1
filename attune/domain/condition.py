"""Whether the conditions of a rule hold for an event (contract, f.2).

Forms: nothing at all, one `{"expression": ...}`, or a list of expressions, of comparisons
`{"field", "operator", "value"}` and of groups, of which all must hold or any suffices.
`{"any": [...]}` and `{"all": [...]}` say which, `{"not": ...}` turns one around; else the
mode that is given does. An expression may stand in `{{ }}` or without. One that cannot
be evaluated does not hold.
"""

from dataclasses import dataclass

from attune.domain.condition_asking import Answer, Asking, Scope
from attune.domain.condition_compiler import Compiler
from attune.domain.condition_node import Group, Node
from attune.domain.enforcement import EnforcementCondition
from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import Budget
from attune.domain.json import Json


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a rule matched, by which condition, and what could not be evaluated."""

    matched: bool
    decided_by: str | None = None
    """The condition that settled it; None where all of them did."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one condition."""

    condition: str
    """Its place and source."""
    holds: bool | None
    """None where it cannot be evaluated."""
    decided: bool
    """Whether it settled, alone or with others, what the whole came to."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, and what every single condition had to do with it."""

    decision: Decision
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """The compiled conditions of one rule."""

    _root: Node | None

    def reads(self) -> dict[str, frozenset[tuple[str, ...]]]:
        """Return the paths that expressions read, by the places of those."""
        singles = self._root.singles() if self._root else ()
        return {single.place: single.reads for single in singles}

    def matches(self, scope: Scope) -> Decision:
        """Decide; never raises for what a rule or a payload contains."""
        return _ask(self._root, Asking(scope, Budget()))[0]

    def explain(self, scope: Scope) -> Explanation:
        """Decide in the same way, and ask also those that the decision did not need."""
        heard: dict[str, Answer] = {}
        decision, by = _ask(self._root, Asking(scope, Budget(), heard))
        if self._root is None or by is None:
            return Explanation(decision, ())
        deciding = {single.place for single in by.singles()} & heard.keys()
        rest = Asking(scope, Budget(), heard)
        for single in self._root.singles():
            if single.place not in heard:
                single.judge(rest)
        outcomes = [
            Outcome(single.text, answer.holds, single.place in deciding, answer.error)
            for single in self._root.singles()
            for answer in [heard[single.place]]
        ]
        return Explanation(decision, tuple(outcomes))


def _ask(root: Node | None, asking: Asking) -> tuple[Decision, Node | None]:
    if root is None:
        return Decision(matched=True), None
    verdict = root.judge(asking)
    everything = verdict.holds is True and verdict.by is root
    decided_by = None if everything else verdict.by.text
    return Decision(verdict.holds is True, decided_by, verdict.error), verdict.by


def compile_conditions(
    document: Json, mode: EnforcementCondition | str = EnforcementCondition.ALL
) -> Conditions:
    """Compile; raises InvalidInput whose problems name each place."""
    mode, place = EnforcementCondition(mode), "conditions"
    if isinstance(document, dict) and len(document) == 1:
        for word in EnforcementCondition:
            if word in document:
                mode, place, document = word, f"conditions.{word}", document[word]
                break
    if document in (None, {}, []):
        return Conditions(None)
    if isinstance(document, list):
        return Conditions(Compiler().group(place, document, mode))
    if isinstance(document, dict) and place == "conditions":
        return Conditions(_sole(Compiler().node(place, document)))
    raise InvalidInput(f"{place}: must be a list of conditions or one condition")


def _sole(node: Node) -> Node:
    """Return the only condition; it is decisive, whether or not it holds."""
    return Group(node.text, EnforcementCondition.ALL, (node,))
