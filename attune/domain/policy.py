"""What policies limit, which executions they bear on, and which come before others."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from attune.domain.json import JsonObject

MOST_PARAMETERS: Final = 10
LONGEST_PARAMETER: Final = 255
MOST_QUOTAS: Final = 10


class PolicyMethod(StrEnum):
    """What happens to an execution beyond the limit."""

    CANCEL = "cancel"
    ENQUEUE = "enqueue"


class PolicyScope(StrEnum):
    """What a policy applies to."""

    ACTION = "action"
    PACK = "pack"
    GLOBAL = "global"


class QuotaType(StrEnum):
    """What a quota counts."""

    RUNNING_EXECUTIONS = "running_executions"


class LimitKind(StrEnum):
    """What a limit counts."""

    RUNNING = "running"  # executions that are live
    STARTS = "starts"  # executions that were let go within the window


_NARROWNESS: Final = {
    PolicyScope.ACTION: 2,
    PolicyScope.PACK: 1,
    PolicyScope.GLOBAL: 0,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """One number that a policy sets."""

    policy_ref: str
    kind: LimitKind
    most: int
    method: PolicyMethod = PolicyMethod.ENQUEUE
    parameters: tuple[str, ...] = ()
    """Executions that differ in the values of these are counted apart."""
    window_seconds: int = 0
    """For starts: how far back they count."""

    def text(self) -> str:
        """Say what the limit is, for people."""
        apart = f" for each {', '.join(self.parameters)}" if self.parameters else ""
        if self.kind is LimitKind.RUNNING:
            return f"at most {self.most} may run at once{apart}"
        return f"at most {self.most} may start in {self.window_seconds} seconds{apart}"


@dataclass(frozen=True, kw_only=True)
class PolicyTerms:
    """A policy as far as it decides."""

    id: int
    ref: str
    scope: PolicyScope
    action_ref: str | None = None
    pack_ref: str | None = None
    priority: int = 0
    limits: tuple[Limit, ...]

    def bears_on(
        self, action_ref: str, pack_ref: str | None, *, runs_code: bool
    ) -> bool:
        """Tell whether executions of the action are bound by it.

        A pack or everything limits what runs code only: a workflow would otherwise
        take the place that its own tasks wait for.
        """
        match self.scope:
            case PolicyScope.ACTION:
                return self.action_ref == action_ref
            case PolicyScope.PACK:
                return runs_code and self.pack_ref == pack_ref
            case PolicyScope.GLOBAL:
                return runs_code

    @property
    def weight(self) -> tuple[int, int, int]:
        """Order policies by: priority, then how narrow it is, then how new."""
        return self.priority, _NARROWNESS[self.scope], self.id


def weightiest_first(policies: Iterable[PolicyTerms]) -> list[PolicyTerms]:
    """Return the policies in the order in which they are asked."""
    return sorted(policies, key=lambda policy: policy.weight, reverse=True)


@dataclass(frozen=True, kw_only=True)
class PolicyText:
    """What a policy says, to be checked as a whole."""

    scope: PolicyScope
    action_ref: str | None = None
    pack_ref: str | None = None
    has_threshold: bool = False
    has_rate: bool = False
    parameters: Sequence[str] = ()
    quota_types: Sequence[str] = ()
    secret: Collection[str] = ()
    """Parameters of which only the mask is stored."""


def check_policy(policy: PolicyText) -> list[str]:
    """Return everything that is wrong with the policy, each with its place."""
    return [
        *_scope_problems(policy),
        *_limit_problems(policy),
        *_parameter_problems(policy),
        *_quota_problems(policy),
    ]


def _scope_problems(policy: PolicyText) -> list[str]:
    if policy.scope is PolicyScope.ACTION and policy.action_ref is None:
        return ["scope.action_ref: is missing"]
    if policy.scope is PolicyScope.PACK and policy.pack_ref is None:
        return ["scope.pack_ref: is missing"]
    return []


def _limit_problems(policy: PolicyText) -> list[str]:
    if not (policy.has_threshold or policy.has_rate or policy.quota_types):
        return ["concurrency, rate_limit or quotas: a policy needs at least one limit"]
    return []


def _parameter_problems(policy: PolicyText) -> list[str]:
    names = policy.parameters
    problems = []
    if len(names) > MOST_PARAMETERS:
        problems.append(f"parameters: at most {MOST_PARAMETERS} may form a group")
    if len(set(names)) < len(names):
        problems.append("parameters: a name stands there twice")
    return [*problems, *(p for name in names for p in _name_problems(policy, name))]


def _name_problems(policy: PolicyText, name: str) -> list[str]:
    if not all(name.split(".")) or len(name) > LONGEST_PARAMETER:
        return [f"parameters: '{name[:64]}' must be names with dots between them"]
    if name.partition(".")[0] in policy.secret:
        return [f"parameters: '{name}' is secret, and what it holds is not compared"]
    return []


def _quota_problems(policy: PolicyText) -> list[str]:
    kinds = policy.quota_types
    known = {kind.value for kind in QuotaType}
    problems = [
        f"quotas: '{kind[:64]}' is not known; known: {', '.join(sorted(known))}"
        for kind in kinds
        if kind not in known
    ]
    if len(set(kinds)) < len(kinds):
        problems.append("quotas: a type stands there twice")
    return problems


def translate_seed_policy(document: JsonObject) -> JsonObject:
    """Rewrite the data-model document's `action`, `threshold`, `method`, `parameters`.

    What the newer spelling says already wins.
    """
    given: JsonObject = {n: value for n, value in document.items() if value is not None}
    rewritten: JsonObject = {"scope": _seed_scope(given)}
    if "threshold" in given:
        rewritten["concurrency"] = {
            "limit": given.pop("threshold"),
            "method": given.pop("method", PolicyMethod.ENQUEUE.value),
            "parameters": given.pop("parameters", []),
        }
    return {**rewritten, **given}


def _seed_scope(document: JsonObject) -> JsonObject:
    action = document.get("action_ref") or document.get("action")
    if action is not None:
        return {"type": PolicyScope.ACTION.value, "action_ref": action}
    pack = document.get("pack_ref") or document.get("pack")
    whole: JsonObject = {"type": PolicyScope.PACK.value}
    return whole if pack is None else {**whole, "pack_ref": pack}
