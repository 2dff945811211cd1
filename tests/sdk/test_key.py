"""Keys, as the published client makes, reads and changes them."""

from tests.sdk.sdk import Sdk, differences


async def test_a_key_is_made_read_changed_and_removed(sdk: Sdk, pack: str) -> None:
    ref = f"pack.{pack}.token"
    sent = {
        "local_ref": "token",
        "name": "token",
        "owner_type": "pack",
        "owner_pack_ref": pack,
        "value": {"user": "ada", "pins": [1, 2]},
        "encrypted": True,
    }

    made = await sdk.data("secrets.create_key", body=sent)

    assert differences(made, {**sent, "ref": ref, "owner": pack}) == {}
    assert await sdk.data("secrets.get_key", ref=ref) == made
    listed = await sdk.items("secrets.list_keys", owner_type="pack", owner=pack)
    assert [each["ref"] for each in listed] == [ref]
    assert "value" not in listed[0]
    changes = {"name": "other", "value": "text", "encrypted": False}
    changed = await sdk.data("secrets.update_key", ref=ref, body=changes)
    assert differences(changed, changes) == {}
    gone = await sdk.parsed("secrets.delete_key", ref=ref)
    assert gone["success"] is True
    await sdk.refused("secrets.get_key", 404, ref=ref)


async def test_a_key_may_belong_to_each_kind_of_owner(sdk: Sdk, pack: str) -> None:
    action = f"{pack}.work"
    body = {
        "ref": action,
        "label": "Work",
        "pack_ref": pack,
        "entrypoint": "true",
        "runtime_ref": "core.shell",
    }
    await sdk.data("actions.create_action", body=body)
    owners = {
        "system": {},
        "identity": {"owner_identity_login": "admin"},
        "action": {"owner_action_ref": action},
    }

    for kind, named in owners.items():
        sent = {
            "local_ref": f"{pack}.token",
            "name": f"{pack} token",
            "owner_type": kind,
            "value": "text",
            **named,
        }
        made = await sdk.data("secrets.create_key", body=sent)

        shown = {k: v for k, v in sent.items() if k != "owner_identity_login"}
        assert differences(made, shown) == {}
        assert await sdk.data("secrets.get_key", ref=made["ref"]) == made
