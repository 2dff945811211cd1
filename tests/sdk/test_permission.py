"""Identities, permission sets and tokens, as the published client handles them."""

import httpx
import pytest

from tests.e2e.conftest import Names
from tests.sdk.sdk import Sdk, differences

PERMISSION_SET = "core.viewer"


@pytest.fixture
async def identity(sdk: Sdk, names: Names) -> dict[str, object]:
    """A service without a password, which may do nothing yet."""
    body = {"login": names.pack(), "attributes": {"team": "ops"}}
    return await sdk.data("permissions.create_identity", body=body)


async def test_an_identity_is_made_changed_and_removed(sdk: Sdk, names: Names) -> None:
    login = names.pack()
    body = {
        "login": login,
        "display_name": "Ada",
        "password": "some password",
        "attributes": {"team": "ops"},
    }

    made = await sdk.data("permissions.create_identity", body=body)

    expected = {
        "login": login,
        "display_name": "Ada",
        "attributes": {"team": "ops"},
        "frozen": False,
        "roles": [],
        "direct_permissions": [],
    }
    assert differences(made, expected) == {}
    found = await sdk.data("permissions.get_identity", id=made["id"])
    assert differences(found, expected) == {}
    listed = await sdk.items("permissions.list_identities", page_size=1000)
    assert login in [each["login"] for each in listed]
    changes = {"attributes": {}, "display_name": "Ada L."}
    changed = await sdk.data("permissions.update_identity", id=made["id"], body=changes)
    assert differences(changed, changes) == {}
    for operation in (
        "permissions.freeze_identity",
        "permissions.unfreeze_identity",
        "permissions.delete_identity",
    ):
        done = await sdk.data(operation, id=made["id"])
        assert done["success"] is True
    await sdk.refused("permissions.get_identity", 404, id=made["id"])


async def test_permission_sets_are_assigned_and_taken_away(
    sdk: Sdk, identity: dict[str, object]
) -> None:
    sets = (await sdk.call("permissions.list_permission_sets", pack_ref="core")).json
    assert PERMISSION_SET in [each["ref"] for each in sets]
    body = {"permission_set_ref": PERMISSION_SET, "identity_login": identity["login"]}

    given = await sdk.data("permissions.create_permission_assignment", body=body)

    assert given["permission_set_ref"] == PERMISSION_SET
    listing = await sdk.call("permissions.list_identity_permissions", id=identity["id"])
    assert listing.problems == []
    assert [each["id"] for each in listing.json] == [given["id"]]
    taken = await sdk.data("permissions.delete_permission_assignment", id=given["id"])
    assert taken["success"] is True


async def test_roles_are_given_and_taken_away(
    sdk: Sdk, identity: dict[str, object]
) -> None:
    sets = (await sdk.call("permissions.list_permission_sets")).json
    set_id = next(each["id"] for each in sets if each["ref"] == PERMISSION_SET)
    body = {"role": str(identity["login"])}

    for_people = await sdk.data(
        "permissions.create_identity_role_assignment", id=identity["id"], body=body
    )
    for_sets = await sdk.data(
        "permissions.create_permission_set_role_assignment", id=set_id, body=body
    )

    assert for_people["role"] == for_sets["role"] == body["role"]
    assert for_sets["permission_set_ref"] == PERMISSION_SET
    for operation, given in (
        ("permissions.delete_identity_role_assignment", for_people),
        ("permissions.delete_permission_set_role_assignment", for_sets),
    ):
        done = await sdk.data(operation, id=given["id"])
        assert done["success"] is True


async def test_a_set_of_ones_own_is_changed(sdk: Sdk, names: Names) -> None:
    ref = f"{names.pack()}.crew"
    grants = [{"resource": "rules", "actions": ["read"]}]
    async with httpx.AsyncClient(base_url=sdk.url) as client:
        made = await client.post(
            "/api/v1/permissions/sets",
            json={"ref": ref, "grants": []},
            headers={"Authorization": f"Bearer {sdk.token}"},
        )

    changed = await sdk.data(
        "permissions.update_permission_set",
        id=made.json()["data"]["id"],
        body={"grants": grants, "label": "Crew"},
    )

    assert differences(changed, {"ref": ref, "grants": grants, "label": "Crew"}) == {}


async def test_a_service_logs_in_with_its_token(
    sdk: Sdk, identity: dict[str, object]
) -> None:
    body = {
        "label": "ci",
        "description": "builds",
        "expires_at": "2100-01-01T00:00:00Z",
    }

    created = await sdk.data(
        "permissions.create_integration_token", id=identity["id"], body=body
    )

    token = created["integration_token"]
    assert created["token"].startswith("attune_it_")
    assert differences(token, {"label": "ci", "active": True}) == {}
    pair = await sdk.data(
        "auth.token_login", token="", body={"token": created["token"]}
    )
    me = await sdk.data("auth.get_current_user", token=pair["access_token"])
    assert me["login"] == identity["login"]
    listing = await sdk.parsed("permissions.list_integration_tokens", id=identity["id"])
    assert [each["id"] for each in listing["data"]] == [token["id"]]
    revoked = await sdk.data(
        "permissions.revoke_integration_token",
        id=identity["id"],
        token_id=token["id"],
        body={"reason": "over"},
    )
    assert differences(revoked, {"active": False, "revocation_reason": "over"}) == {}
    gone = await sdk.data(
        "permissions.delete_integration_token",
        id=identity["id"],
        token_id=token["id"],
    )
    assert gone["success"] is True
