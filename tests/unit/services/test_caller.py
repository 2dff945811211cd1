"""From a token to a caller."""

from datetime import UTC, datetime
from typing import Any

import pytest

from attune.domain.errors import PermissionDenied
from attune.domain.permission import (
    Action,
    Caller,
    Constraints,
    Grant,
    Resource,
    Target,
    TokenType,
)
from attune.security.tokens import Claims, InvalidToken
from attune.services.caller import (
    KnownIdentity,
    execution,
    parse_grants,
    person,
    sensor,
    sensor_start,
    worker,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
READ_RULES = Grant(resource=Resource.RULES, actions=frozenset({Action.READ}))
CANCEL = Grant(
    resource=Resource.EXECUTIONS, actions=frozenset({Action.READ, Action.CANCEL})
)
ANN = KnownIdentity(id=7, login="ann", attributes={"team": "ops"}, grants=(READ_RULES,))


def claims(kind: TokenType, **metadata: Any) -> Claims:
    return Claims(
        subject="7",
        token_type=kind,
        login="ann",
        issued_at=NOW,
        expires_at=NOW,
        metadata=metadata,
    )


def execution_caller(named: tuple[Grant, ...] | None = (), **metadata: Any) -> Caller:
    facts = {"execution_id": 3, "action_ref": "ops.deploy", **metadata}
    return execution(claims(TokenType.EXECUTION, **facts), ANN, named)


def test_a_person_has_what_it_was_granted() -> None:
    caller = person(ANN, claims(TokenType.ACCESS))

    assert caller.identity_id == 7
    assert caller.may(Resource.RULES, Action.READ)
    assert not caller.may(Resource.RULES, Action.DELETE)


def test_an_execution_may_only_what_both_sides_allow() -> None:
    caller = execution_caller(named=(READ_RULES, CANCEL))

    assert caller.may(Resource.RULES, Action.READ)
    assert not caller.may(Resource.EXECUTIONS, Action.CANCEL)


def test_an_execution_whose_token_names_no_sets_acts_as_its_identity() -> None:
    assert execution_caller(named=None).may(Resource.RULES, Action.READ)


def test_an_execution_with_an_empty_list_may_nothing_of_its_identity() -> None:
    assert not execution_caller(named=()).may(Resource.RULES, Action.READ)


def test_an_execution_sees_itself_and_its_descendants_only() -> None:
    caller = execution_caller()

    def may_read(**facts: Any) -> bool:
        return caller.may(Resource.EXECUTIONS, Action.READ, Target(**facts))

    assert may_read(execution_id=3)
    assert may_read(execution_id=9, ancestor_ids=frozenset({3}))
    assert not may_read(execution_id=9)


def test_an_execution_emits_the_triggers_of_its_own_pack_only() -> None:
    caller = execution_caller()

    def may_emit(pack_ref: str) -> bool:
        target = Target(pack_ref=pack_ref)
        return caller.may(Resource.EVENTS, Action.CREATE, target)

    assert may_emit("ops")
    assert not may_emit("sales")


def test_standard_access_reaches_the_keys_of_its_own_action_and_pack() -> None:
    caller = execution_caller(
        standard_access_action_refs=["ops.deploy"], standard_access_pack_refs=["ops"]
    )

    def may_decrypt(owner_type: str, owner_ref: str) -> bool:
        target = Target(owner_type=owner_type, owner_ref=owner_ref)
        return caller.may(Resource.KEYS, Action.DECRYPT, target)

    assert may_decrypt("action", "ops.deploy")
    assert may_decrypt("pack", "ops")
    assert not may_decrypt("pack", "sales")
    assert not may_decrypt("system", "")


def test_the_reserved_set_gives_standard_access_by_itself() -> None:
    caller = execution_caller(permission_set_refs=["standard"])
    own = Target(owner_type="pack", owner_ref="ops")
    other = Target(owner_type="pack", owner_ref="sales")

    assert caller.may(Resource.ARTIFACTS, Action.UPDATE, own)
    assert not caller.may(Resource.ARTIFACTS, Action.UPDATE, other)
    assert not execution_caller().may(Resource.ARTIFACTS, Action.UPDATE, own)


@pytest.mark.parametrize("action_ref", ["", None, "deploy", 7])
def test_an_execution_token_without_an_action_is_refused(action_ref: object) -> None:
    with pytest.raises(PermissionDenied):
        execution_caller(action_ref=action_ref)


@pytest.mark.parametrize("execution_id", [None, "3", True])
def test_an_execution_token_without_an_execution_is_refused(
    execution_id: object,
) -> None:
    with pytest.raises(InvalidToken):
        execution_caller(execution_id=execution_id)


def test_a_sensor_emits_its_own_triggers_only() -> None:
    caller = sensor(claims(TokenType.SENSOR, trigger_types=["ops.alarm"]), ANN)

    def may_emit(ref: str) -> bool:
        return caller.may(Resource.EVENTS, Action.CREATE, Target(ref=ref))

    assert may_emit("ops.alarm")
    assert not may_emit("ops.other")
    assert not caller.may(Resource.ACTIONS, Action.READ)


def test_a_sensor_reads_the_rules_of_its_triggers_only() -> None:
    said = claims(TokenType.SENSOR, trigger_types=["ops.alarm"])

    caller = sensor(said, None)

    def may_read(trigger_ref: str) -> bool:
        return caller.may(
            Resource.RULES, Action.READ, Target(ref="a.rule", trigger_ref=trigger_ref)
        )

    assert may_read("ops.alarm")
    assert not may_read("ops.other")


@pytest.mark.parametrize(
    ("metadata", "start"),
    [
        ({}, None),
        ({"sensor_ref": "a.b", "assignment_generation": 3}, ("a.b", 3)),
    ],
)
def test_a_sensor_token_names_the_start_it_was_made_for(
    metadata: dict[str, Any], start: tuple[str, int] | None
) -> None:
    assert sensor_start(claims(TokenType.SENSOR, **metadata)) == start


@pytest.mark.parametrize(
    "metadata",
    [
        {"sensor_ref": "a.b"},
        {"assignment_generation": 3},
        {"sensor_ref": "a.b", "assignment_generation": True},
        {"sensor_ref": "a.b", "assignment_generation": 2**63},
        {"sensor_ref": 1, "assignment_generation": 3},
    ],
)
def test_a_token_that_names_half_a_start_is_refused(metadata: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        sensor_start(claims(TokenType.SENSOR, **metadata))


def test_a_sensor_may_beyond_that_only_what_both_sides_allow() -> None:
    token = claims(TokenType.SENSOR, trigger_types=["ops.alarm"])
    others = Target(trigger_ref="ops.other")

    def reads(identity: KnownIdentity | None, named: tuple[Grant, ...] | None) -> bool:
        return sensor(token, identity, named).may(Resource.RULES, Action.READ, others)

    assert reads(ANN, (READ_RULES, CANCEL))
    assert not reads(ANN, None)
    assert not reads(None, (READ_RULES,))
    assert not sensor(token, ANN, (CANCEL,)).may(Resource.EXECUTIONS, Action.CANCEL)


def test_the_token_of_code_knows_no_packs_beyond_those_of_its_identity() -> None:
    read = frozenset({Action.READ})
    lent = Grant(
        resource=Resource.RULES,
        actions=read,
        constraints=Constraints(pack_refs=frozenset({"hidden"})),
    )

    assert execution_caller(named=(lent,)).known_packs == frozenset()


def test_a_sensor_token_without_triggers_emits_nothing() -> None:
    caller = sensor(claims(TokenType.SENSOR), ANN)
    target = Target(ref="ops.alarm")

    assert not caller.may(Resource.EVENTS, Action.CREATE, target)


def test_a_worker_has_no_grants_at_all() -> None:
    caller = worker(claims(TokenType.WORKER, worker_name="w1"))

    assert caller.grants == ()
    assert caller.worker_name == "w1"
    assert caller.identity_id is None


def test_a_seed_grant_is_translated() -> None:
    grants = parse_grants([{"type": "pack", "scope": "ops", "components": []}])

    assert {grant.resource for grant in grants} == set(Resource)
    assert all(
        grant.constraints == Constraints(pack_refs=frozenset({"ops"}))
        for grant in grants
    )


@pytest.mark.parametrize("grant", [None, 1, {}, {"resource": "x", "actions": ["read"]}])
def test_a_grant_that_cannot_be_read_grants_nothing(grant: object) -> None:
    assert parse_grants([grant, READ_RULES.model_dump()]) == (READ_RULES,)
