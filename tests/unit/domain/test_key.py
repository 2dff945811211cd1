"""How keys are named, and whose business they are."""

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.key import KeyName, OwnerType, name_key, towards_others
from attune.domain.permission import (
    Action,
    Caller,
    Constraints,
    Grant,
    Resource,
    TokenType,
)


@pytest.mark.parametrize(
    ("owner_type", "owner", "given", "ref", "local_ref"),
    [
        (OwnerType.SYSTEM, "system", {}, "system.token", "token"),
        (OwnerType.PACK, "slack", {}, "pack.slack.token", "token"),
        (OwnerType.ACTION, "a.b", {"local_ref": "c.d"}, "action.a.b.c.d", "c.d"),
        (OwnerType.PACK, "slack", {"ref": "pack.slack.x"}, "pack.slack.x", "x"),
        (OwnerType.PACK, "slack", {"ref": "test.ttl"}, "test.ttl", "test.ttl"),
        (OwnerType.PACK, "slack", {"ref": "pack"}, "pack", "pack"),
        (OwnerType.IDENTITY, "a@b.c", {}, "identity.a@b.c.token", "token"),
        (OwnerType.IDENTITY, "jörg/1", {}, "identity.j_f6rg_2f1.token", "token"),
        (OwnerType.SENSOR, "a.b", {"ref": "x", "local_ref": "y"}, "x", "y"),
    ],
)
def test_what_is_not_said_of_a_name_follows_from_the_owner(
    owner_type: OwnerType, owner: str, given: dict[str, str], ref: str, local_ref: str
) -> None:
    named = name_key(owner_type, owner, name="token", **given)

    assert named == KeyName(ref=ref, local_ref=local_ref)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"ref": "pack.github.token"}, r"begins with 'pack\.'.*'pack\.slack\.'"),
        ({"ref": "system.token"}, "begins with 'system"),
        ({"ref": ".token"}, "^ref: "),
        ({"ref": "a b"}, "^ref: "),
        ({"local_ref": "a@b"}, "^local_ref: "),
        ({"local_ref": "x" * 256}, "^local_ref: "),
        ({"local_ref": "x" * 250}, "^ref: must have at most"),
    ],
)
def test_a_name_that_misleads_is_refused(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        name_key(OwnerType.PACK, "slack", name="token", **given)


def test_a_name_for_people_needs_a_local_ref() -> None:
    with pytest.raises(InvalidInput, match=r"^name: .*local_ref"):
        name_key(OwnerType.SYSTEM, "system", name="Git Hub")


@pytest.mark.parametrize(
    ("constraints", "counts"),
    [
        (None, False),
        (Constraints(owner="self"), False),
        (Constraints(pack_refs=frozenset({"a"})), False),
        (Constraints(owner_types=frozenset({"pack"})), False),
        (Constraints(owner_types=frozenset({"identity"})), True),
        (Constraints(owner="any"), True),
        (Constraints(refs=frozenset({"identity.ada.token"})), True),
    ],
)
def test_another_identitys_keys_take_a_grant_that_names_them(
    constraints: Constraints | None, *, counts: bool
) -> None:
    grant = Grant(
        resource=Resource.KEYS,
        actions=frozenset({Action.READ}),
        constraints=constraints,
    )
    caller = Caller(
        identity_id=1, login="eve", token_type=TokenType.ACCESS, grants=(grant,)
    )

    assert bool(towards_others(caller).grants) is counts
