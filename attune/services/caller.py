"""From what a token says to a caller: one pure function for each kind of token."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from attune.domain.delegation import intersect, named_packs
from attune.domain.errors import PermissionDenied
from attune.domain.permission import (
    Action,
    Caller,
    Constraints,
    Grant,
    Resource,
    TokenType,
    translate_seed_grant,
)
from attune.security.tokens import Claims, InvalidToken

INTEGRATION_TOKEN: Final = "integration_token"  # noqa: S105 - the name of a claim
"""Where a token says which integration token it was exchanged for."""

STANDARD: Final = "standard"
"""The reserved ref that grants an execution access to what its action owns."""

_log = logging.getLogger(__name__)

_LARGEST_ID: Final = 2**63

_REFS: Final = TypeAdapter(frozenset[str])
_CHANGE: Final = frozenset(
    {Action.READ, Action.CREATE, Action.UPDATE, Action.DELETE},
)


@dataclass(frozen=True, kw_only=True)
class KnownIdentity:
    """An identity with everything it was granted."""

    id: int
    login: str
    attributes: Mapping[str, Any]
    grants: tuple[Grant, ...]


def parse_grants(written: Iterable[object]) -> tuple[Grant, ...]:
    """Read grants as stored; one that cannot be read grants nothing."""
    grants: list[Grant] = []
    for grant in written:
        try:
            grants.extend(map(Grant.model_validate, _spellings(grant)))
        except ValidationError:
            _log.warning("A stored grant cannot be read and is ignored")
    return tuple(grants)


def person(identity: KnownIdentity, claims: Claims | None = None) -> Caller:
    """Return the caller of an access token, or an identity that acts without one."""
    token_id = None if claims is None else claims.metadata.get(INTEGRATION_TOKEN)
    return Caller(
        integration_token_id=token_id if isinstance(token_id, int) else None,
        identity_id=identity.id,
        login=identity.login,
        token_type=TokenType.ACCESS,
        grants=identity.grants,
        attributes=identity.attributes,
    )


def worker(claims: Claims) -> Caller:
    """Return the caller of a worker token: no grants, the internal routes only."""
    name = claims.metadata.get("worker_name")
    return Caller(
        identity_id=None,
        login=claims.login,
        token_type=TokenType.WORKER,
        worker_name=name if isinstance(name, str) else None,
        token_ends_at=claims.expires_at,
    )


def sensor(
    claims: Claims,
    identity: KnownIdentity | None,
    named_grants: tuple[Grant, ...] | None = None,
) -> Caller:
    """Return the caller of a sensor token: it emits its triggers and reads their rules.

    Beyond that it may do what both its identity and the named permission sets allow;
    unlike an execution's, a token that names no sets allows nothing more.
    """
    triggers = _refs(claims, "trigger_types") or frozenset()
    own = Constraints(refs=triggers)
    held = () if identity is None else identity.grants
    return Caller(
        identity_id=claims.identity_id,
        login=claims.login,
        token_type=TokenType.SENSOR,
        attributes={} if identity is None else identity.attributes,
        trigger_refs=triggers,
        sensor_ref=start[0] if (start := sensor_start(claims)) else None,
        known_packs=named_packs(held),
        grants=(
            *intersect(held, named_grants or ()),
            _grant(Resource.EVENTS, {Action.CREATE}, own),
            _grant(Resource.TRIGGERS, {Action.READ}, own),
            _grant(Resource.RULES, {Action.READ}, Constraints(trigger_refs=triggers)),
        ),
    )


def sensor_start(claims: Claims) -> tuple[str, int] | None:
    """Return the sensor and its start that a token was made for, if it was for one."""
    ref = claims.metadata.get("sensor_ref")
    generation = claims.metadata.get("assignment_generation")
    if ref is None and generation is None:
        return None
    is_number = type(generation) is int and 0 <= generation < _LARGEST_ID
    if not isinstance(ref, str) or not is_number:
        raise InvalidToken("The token names no start of a sensor")
    return ref, int(str(generation))


def execution(
    claims: Claims,
    identity: KnownIdentity | None,
    named_grants: tuple[Grant, ...] | None,
) -> Caller:
    """Return the caller of an execution token.

    It may do what both the identity and the named permission sets allow; None, for a
    token that names no sets, leaves the identity's grants whole.
    """
    own = () if identity is None else identity.grants
    delegated = own if named_grants is None else intersect(own, named_grants)
    return Caller(
        identity_id=claims.identity_id,
        login=claims.login,
        token_type=TokenType.EXECUTION,
        grants=(*delegated, *_execution_grants(claims)),
        attributes={} if identity is None else identity.attributes,
        known_packs=named_packs(own),
        execution_id=_execution_id(claims),
        action_ref=_action_ref(claims),
    )


def named_sets(claims: Claims) -> frozenset[str] | None:
    """Return the permission sets that the token of code is restricted to, if it is."""
    return _refs(claims, "permission_set_refs")


def _execution_grants(claims: Claims) -> tuple[Grant, ...]:
    """Grant what every execution needs for itself, and its standard access."""
    itself = Constraints(execution_scope="descendants")
    own_pack = Constraints(pack_refs=frozenset({_action_ref(claims).partition(".")[0]}))
    grants = [
        _grant(Resource.EXECUTIONS, {Action.READ}, itself),
        _grant(Resource.INQUIRIES, {Action.READ, Action.CREATE}, itself),
        _grant(Resource.EVENTS, {Action.CREATE}, own_pack),
    ]
    for owner_type, own_ref in _own_refs(claims):
        refs = _refs(claims, f"standard_access_{owner_type}_refs") or frozenset()
        if STANDARD in (named_sets(claims) or ()):
            refs |= {own_ref}
        if refs:
            owned = Constraints(owner_types=frozenset({owner_type}), owner_refs=refs)
            grants.append(_grant(Resource.KEYS, {Action.READ, Action.DECRYPT}, owned))
            grants.append(_grant(Resource.ARTIFACTS, _CHANGE, owned))
    return tuple(grants)


def _own_refs(claims: Claims) -> tuple[tuple[str, str], ...]:
    action_ref = _action_ref(claims)
    return ("action", action_ref), ("pack", action_ref.partition(".")[0])


def _grant(
    resource: Resource, actions: Iterable[Action], constraints: Constraints
) -> Grant:
    return Grant(resource=resource, actions=frozenset(actions), constraints=constraints)


def _spellings(grant: object) -> list[object]:
    if isinstance(grant, dict) and "type" in grant:
        return list(translate_seed_grant(grant))
    return [grant]


def _refs(claims: Claims, name: str) -> frozenset[str] | None:
    refs = claims.metadata.get(name)
    if refs is None:
        return None
    try:
        return _REFS.validate_python(refs)
    except ValidationError as error:
        raise InvalidToken("The token is not valid") from error


def _execution_id(claims: Claims) -> int:
    execution_id = claims.metadata.get("execution_id")
    if not isinstance(execution_id, int) or isinstance(execution_id, bool):
        raise InvalidToken("The token names no execution")
    return execution_id


def _action_ref(claims: Claims) -> str:
    action_ref = claims.metadata.get("action_ref")
    if not isinstance(action_ref, str) or "." not in action_ref:
        raise PermissionDenied("403 forbidden: the token names no action")
    return action_ref
