"""What may be handed on, constraint by constraint."""

from typing import Any

import pytest

from attune.domain.delegation import Holdings, excess, intersect
from attune.domain.permission import MEANT, Action, Constraints, Grant, Resource


def read(**constraints: Any) -> Grant:
    return Grant(
        resource=Resource.KEYS,
        actions=frozenset({Action.READ}),
        constraints=Constraints(**constraints) if constraints else None,
    )


def of_packs(**constraints: Any) -> Grant:
    return Grant(
        resource=Resource.PACKS,
        actions=frozenset({Action.READ}),
        constraints=Constraints(**constraints) if constraints else None,
    )


def may_hand_on(mine: Grant, theirs: Grant, **held: Any) -> bool:
    return not excess(Holdings(grants=(mine,), **held), [theirs])


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (read(), read(pack_refs={"ci"})),
        (read(pack_refs={"ci", "core"}), read(pack_refs={"ci"})),
        (read(refs={"a.b"}), read(refs={"a.b"}, ids={1})),
        (read(owner="any"), read()),
        (read(owner="self"), read(owner="self", encrypted=False)),
        (read(execution_scope="descendants"), read(execution_scope="self")),
    ],
)
def test_what_is_narrower_may_be_handed_on(mine: Grant, theirs: Grant) -> None:
    assert may_hand_on(mine, theirs)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (read(pack_refs={"ci"}), read()),
        (read(pack_refs={"ci"}), read(pack_refs={"ci", "core"})),
        (read(owner="self"), read()),
        (read(owner="self"), read(owner="any")),
        (read(owner="none"), read(owner="self")),
        (read(encrypted=False), read()),
        (read(encrypted=False), read(encrypted=True)),
        (read(execution_scope="self"), read(execution_scope="descendants")),
        (read(owner_types={"pack"}), read(owner_types={"identity"})),
        (read(visibility={"public"}), read()),
    ],
)
def test_what_is_wider_may_not(mine: Grant, theirs: Grant) -> None:
    assert not may_hand_on(mine, theirs)


def test_a_refusal_names_what_is_missing() -> None:
    everything = [
        Grant(resource=resource, actions=MEANT[resource]) for resource in Resource
    ]

    beyond = excess(Holdings(grants=(read(),)), everything)

    assert "keys:decrypt" in beyond
    assert "keys:read" not in beyond


def test_a_pair_that_no_route_asks_for_is_nothing() -> None:
    odd = Grant(resource=Resource.EVENTS, actions=frozenset({Action.DECRYPT}))

    assert excess(Holdings(grants=()), [odd]) == []


def test_who_owns_a_pack_may_share_it() -> None:
    mine, theirs = of_packs(owner="self"), of_packs(pack_refs={"anns"})

    assert may_hand_on(mine, theirs, own_packs={"anns"})
    assert not may_hand_on(mine, theirs, own_packs={"other"})
    assert not may_hand_on(mine, of_packs(), own_packs={"anns"})


def test_nobody_shows_a_pack_that_they_do_not_see() -> None:
    assert not may_hand_on(
        of_packs(), of_packs(pack_refs={"bobs"}), hidden_packs={"bobs"}
    )


def test_a_grant_for_the_bearer_of_an_attribute_stays_one() -> None:
    mine = read(attributes={"team": "ops"})

    assert may_hand_on(mine, mine, attributes={"team": "ops"})
    assert not may_hand_on(mine, mine, attributes={})
    assert not may_hand_on(mine, read(), attributes={"team": "ops"})


def test_constraints_that_exclude_each_other_leave_nothing() -> None:
    pairs = (
        (read(owner="self"), read(owner="none")),
        (read(pack_refs={"a"}), read(pack_refs={"b"})),
        (read(encrypted=True), read(encrypted=False)),
        (read(attributes={"a": 1}), read(attributes={"a": 2})),
    )

    assert [intersect([mine], [theirs]) for mine, theirs in pairs] == [()] * len(pairs)


def test_attributes_of_both_sides_have_to_be_there() -> None:
    (both,) = intersect([read(attributes={"a": 1})], [read(attributes={"b": 2})])

    assert both.constraints == Constraints(attributes={"a": 1, "b": 2})
