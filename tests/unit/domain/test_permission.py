"""What grants allow, and that nothing is allowed without one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from attune.domain.delegation import Holdings, excess, intersect
from attune.domain.errors import PermissionDenied
from attune.domain.permission import (
    Action,
    Caller,
    Constraints,
    Grant,
    Resource,
    Target,
    TokenType,
    translate_seed_grant,
)


def grant(
    resource: Resource = Resource.KEYS, *actions: Action, **constraints: Any
) -> Grant:
    return Grant(
        resource=resource,
        actions=frozenset(actions or (Action.READ,)),
        constraints=Constraints(**constraints) if constraints else None,
    )


def caller(*grants: Grant, **facts: Any) -> Caller:
    defaults = {"identity_id": 1, "login": "ada", "token_type": TokenType.ACCESS}
    return Caller(grants=grants, **{**defaults, **facts})


targets = st.builds(
    Target,
    pack_ref=st.sampled_from([None, "core", "ci"]),
    owner_identity_id=st.sampled_from([None, 1, 2]),
    owner_type=st.sampled_from([None, "pack", "action"]),
    visibility=st.sampled_from([None, "public"]),
    execution_id=st.sampled_from([None, 5, 6]),
    ancestor_ids=st.sampled_from([frozenset(), frozenset({5})]),
    ref=st.sampled_from([None, "core.a"]),
    id=st.sampled_from([None, 9]),
    encrypted=st.sampled_from([None, True, False]),
)
constraints = st.builds(
    Constraints,
    pack_refs=st.sampled_from([None, frozenset({"core"}), frozenset({"core", "ci"})]),
    owner=st.sampled_from([None, "self", "any", "none"]),
    refs=st.sampled_from([None, frozenset({"core.a"})]),
    execution_scope=st.sampled_from([None, "self", "descendants", "any"]),
    encrypted=st.sampled_from([None, False]),
)
grants = st.builds(
    Grant,
    resource=st.sampled_from([Resource.KEYS, Resource.PACKS]),
    actions=st.frozensets(st.sampled_from([Action.READ, Action.UPDATE])),
    constraints=st.one_of(st.none(), constraints),
)
some_grants = st.lists(grants, max_size=4).map(tuple)


@given(targets)
def test_without_a_grant_nothing_is_allowed(target: Target) -> None:
    for resource in Resource:
        for action in Action:
            assert not caller().may(resource, action)
            assert not caller().may(resource, action, target)


@given(some_grants, grants, targets)
def test_another_grant_never_takes_anything_away(
    held: tuple[Grant, ...], more: Grant, target: Target
) -> None:
    for resource in (Resource.KEYS, Resource.PACKS):
        for action in (Action.READ, Action.UPDATE):
            if caller(*held).may(resource, action, target):
                assert caller(*held, more).may(resource, action, target)


@given(some_grants, some_grants, targets)
def test_an_intersection_allows_exactly_what_both_sides_do(
    ours: tuple[Grant, ...], theirs: tuple[Grant, ...], target: Target
) -> None:
    both = caller(*intersect(ours, theirs), execution_id=5)

    for resource in (Resource.KEYS, Resource.PACKS):
        for action in (Action.READ, Action.UPDATE):
            assert both.may(resource, action, target) is (
                caller(*ours, execution_id=5).may(resource, action, target)
                and caller(*theirs, execution_id=5).may(resource, action, target)
            )


@given(some_grants, grants, targets)
def test_what_may_be_handed_on_allows_nothing_new(
    held: tuple[Grant, ...], handed: Grant, target: Target
) -> None:
    if excess(Holdings(grants=held), [handed]):
        return

    for resource in (Resource.KEYS, Resource.PACKS):
        for action in (Action.READ, Action.UPDATE):
            if caller(handed, execution_id=5).may(resource, action, target):
                assert caller(*held, execution_id=5).may(resource, action, target)


def test_an_intersection_with_oneself_keeps_everything() -> None:
    held = (grant(), grant(Resource.PACKS, Action.READ, pack_refs={"core"}))

    assert intersect(held, held) == held


def test_a_grant_names_its_resource_and_its_actions() -> None:
    reader = caller(grant(Resource.KEYS, Action.READ))

    assert reader.may(Resource.KEYS, Action.READ)
    assert reader.may(Resource.KEYS, Action.READ, Target())
    assert not reader.may(Resource.KEYS, Action.UPDATE)
    assert not reader.may(Resource.PACKS, Action.READ)


@pytest.mark.parametrize(
    ("held", "target", "allowed"),
    [
        ({"pack_refs": {"core"}}, Target(pack_ref="core"), True),
        ({"pack_refs": {"core"}}, Target(pack_ref="ci"), False),
        ({"pack_refs": {"core"}}, Target(), False),
        ({"pack_refs": set()}, Target(pack_ref="core"), False),
        ({"owner_types": {"pack"}}, Target(owner_type="pack"), True),
        ({"owner_types": {"pack"}}, Target(), False),
        ({"owner_refs": {"core"}}, Target(owner_ref="core"), True),
        ({"owner_refs": {"core"}}, Target(owner_ref="ci"), False),
        ({"visibility": {"public"}}, Target(visibility="public"), True),
        ({"visibility": {"public"}}, Target(visibility="private"), False),
        ({"refs": {"core.a"}}, Target(ref="core.a"), True),
        ({"refs": {"core.a"}}, Target(ref="core.ab"), False),
        ({"ids": {7}}, Target(id=7), True),
        ({"ids": {7}}, Target(id=8), False),
        ({"ids": {7}}, Target(), False),
        ({"encrypted": False}, Target(encrypted=False), True),
        ({"encrypted": False}, Target(encrypted=True), False),
        ({"encrypted": False}, Target(), False),
        ({"owner": "self"}, Target(owner_identity_id=1), True),
        ({"owner": "self"}, Target(owner_identity_id=2), False),
        ({"owner": "self"}, Target(), False),
        ({"owner": "none"}, Target(), True),
        ({"owner": "none"}, Target(owner_identity_id=1), False),
        ({"owner": "any"}, Target(owner_identity_id=2), True),
        ({"execution_scope": "self"}, Target(execution_id=5), True),
        ({"execution_scope": "self"}, Target(execution_id=6), False),
        (
            {"execution_scope": "self"},
            Target(execution_id=6, ancestor_ids=frozenset({5})),
            False,
        ),
        (
            {"execution_scope": "descendants"},
            Target(execution_id=6, ancestor_ids=frozenset({5})),
            True,
        ),
        ({"execution_scope": "descendants"}, Target(execution_id=6), False),
        ({"execution_scope": "any"}, Target(execution_id=6), True),
        ({"attributes": {"team": "a"}}, Target(), True),
        ({"attributes": {"team": "b"}}, Target(), False),
        ({"attributes": {"other": None}}, Target(), True),
        ({"pack_refs": {"core"}, "ids": {7}}, Target(pack_ref="core", id=7), True),
        ({"pack_refs": {"core"}, "ids": {7}}, Target(pack_ref="core", id=8), False),
    ],
)
def test_every_constraint_must_hold(
    held: dict[str, Any],
    target: Target,
    allowed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    someone = caller(
        grant(Resource.KEYS, Action.READ, **held),
        execution_id=5,
        attributes={"team": "a"},
    )

    assert someone.may(Resource.KEYS, Action.READ, target) is allowed


def test_nobody_owns_what_nobody_owns() -> None:
    """A token without an identity is not the owner of things without an owner."""
    nobody = caller(grant(owner="self"), identity_id=None)

    assert not nobody.may(Resource.KEYS, Action.READ, Target(owner_identity_id=None))


def test_outside_an_execution_there_is_no_scope_of_one() -> None:
    person = caller(grant(execution_scope="self"))

    assert not person.may(Resource.KEYS, Action.READ, Target(execution_id=None))


def test_a_refusal_names_the_grant_that_is_needed() -> None:
    with pytest.raises(PermissionDenied) as refused:
        caller().require(Resource.PACKS, Action.INSTALL)

    assert refused.value.evidence == {"needs": "packs:install"}
    caller(grant(Resource.PACKS, Action.INSTALL)).require(
        Resource.PACKS, Action.INSTALL
    )


@pytest.mark.parametrize(
    "document",
    [
        {"resource": "everything", "actions": ["read"]},
        {"resource": "keys", "actions": ["fly"]},
        {"resource": "keys", "actions": ["read"], "constraints": {"unknown": 1}},
        {"resource": "keys", "actions": ["read"], "extra": 1},
        {"resource": "keys"},
    ],
)
def test_a_grant_that_means_nothing_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Grant.model_validate(document)


def test_grants_of_the_data_model_document_are_translated() -> None:
    system = [Grant.model_validate(g) for g in translate_seed_grant({"type": "system"})]
    pack = [
        Grant.model_validate(g)
        for g in translate_seed_grant(
            {"type": "pack", "scope": "ci", "components": ["ci.deploy"]}
        )
    ]
    user = [Grant.model_validate(g) for g in translate_seed_grant({"type": "user"})]

    assert caller(*system).may(Resource.PACKS, Action.DELETE, Target())
    inside, beside = Target(pack_ref="ci", ref="ci.deploy"), Target(pack_ref="core")
    assert caller(*pack).may(Resource.ACTIONS, Action.EXECUTE, inside)
    assert not caller(*pack).may(Resource.ACTIONS, Action.EXECUTE, beside)
    mine, yours = Target(owner_identity_id=1), Target(owner_identity_id=2)
    assert caller(*user).may(Resource.RULES, Action.UPDATE, mine)
    assert not caller(*user).may(Resource.RULES, Action.UPDATE, yours)
