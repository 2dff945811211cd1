"""Permission sets, roles and assignments: never more than one has oneself."""

from typing import Any

import httpx
import pytest

from tests.integration.api.defining import make_private_pack, make_workshop
from tests.integration.api.people import EVERYTHING, Api, Person, grant
from tests.integration.api.test_identity import send
from tests.support.builders import make_pack, make_permission_set, unique
from tests.support.eventually import eventually

MANAGER = [
    grant("permissions", "read", "create", "update", "delete", "manage"),
    grant("identities", "read"),
]
CRUD = ("read", "create", "update", "delete")
READ_RULES = grant("rules", "read")


async def make_set(
    api: Api, who: Person, *grants: Any, ref: str = "ops.crew"
) -> httpx.Response:
    return await send(
        api, who, "POST", "/permissions/sets", {"ref": ref, "grants": list(grants)}
    )


async def made_set(api: Api, who: Person, *grants: Any, ref: str = "ops.crew") -> Any:
    answer = await make_set(api, who, *grants, ref=ref)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def assign(api: Api, who: Person, set_ref: str, to: Person) -> httpx.Response:
    body = {"permission_set_ref": set_ref, "identity_id": to.id}
    return await send(api, who, "POST", "/permissions/assignments", body)


async def may_read_rules(api: Api, who: Person) -> bool:
    return (await send(api, who, "GET", "/rules")).status_code == 200


async def test_a_set_is_made_shown_changed_and_removed(api: Api) -> None:
    root = await api.administrator()

    made = await made_set(api, root, READ_RULES)

    path = f"/permissions/sets/{made['id']}"
    assert made["is_adhoc"] is True
    assert made["owner_identity"] == root.id
    assert made["grants"] == [READ_RULES]
    changes = {"label": "Crew", "grants": [{"type": "pack", "scope": "ci"}]}
    changed = (await send(api, root, "PUT", path, changes)).json()["data"]
    assert (changed["label"], changed["grants"]) == ("Crew", changes["grants"])
    listed = (await send(api, root, "GET", "/permissions/sets")).json()
    assert "ops.crew" in [each["ref"] for each in listed]
    assert (await make_set(api, root, READ_RULES)).status_code == 409
    assert (await send(api, root, "DELETE", path)).status_code == 200
    assert (await send(api, root, "GET", path)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"ref": "ops.crew"},
        {"ref": "crew", "grants": []},
        {"ref": "ops.crew", "grants": [{"resource": "keys"}]},
        {"ref": "ops.crew", "grants": [{"resource": "moon", "actions": ["read"]}]},
        {"ref": "ops.crew", "grants": [{"type": "pack"}]},
        {"ref": "ops.crew", "grants": ["all"]},
        {
            "ref": "ops.crew",
            "grants": [grant("keys", "read", ids=[2**70])],
        },
    ],
)
async def test_what_cannot_be_a_set_is_refused(api: Api, body: Any) -> None:
    root = await api.administrator()

    answer = await send(api, root, "POST", "/permissions/sets", body)

    assert answer.status_code == 422


async def test_the_sets_of_packs_are_read_only(api: Api) -> None:
    root = await api.administrator()
    async with api.database.transaction() as tx:
        pack = await make_pack(tx)
        row = await make_permission_set(
            tx, ref=f"{pack.ref}.crew", pack_id=pack.id, grants=[READ_RULES]
        )
    path = f"/permissions/sets/{row.id}"

    assert (await send(api, root, "PUT", path, {"grants": []})).status_code == 409
    assert (await send(api, root, "DELETE", path)).status_code == 409
    named = await make_set(api, root, ref=f"{pack.ref}.other")
    assert named.status_code == 422
    of_pack = await send(api, root, "GET", "/permissions/sets", pack_ref=pack.ref)
    assert [each["ref"] for each in of_pack.json()] == [row.ref]


async def test_an_assignment_works_at_once_and_so_does_its_end(api: Api) -> None:
    root, ann = await api.administrator(), await api.person()
    await made_set(api, root, READ_RULES)
    assert not await may_read_rules(api, ann)

    given = await assign(api, root, "ops.crew", ann)

    assert given.status_code == 201
    shown = given.json()["data"]
    assert (shown["identity_id"], shown["permission_set_ref"]) == (ann.id, "ops.crew")
    await eventually(lambda: may_read_rules(api, ann))
    assert (await assign(api, root, "ops.crew", ann)).status_code == 409
    listed = await send(api, root, "GET", f"/identities/{ann.id}/permissions")
    assert listed.json() == [shown]
    await send(api, root, "DELETE", f"/permissions/assignments/{shown['id']}")

    async def refused() -> bool:
        return not await may_read_rules(api, ann)

    await eventually(refused)


async def test_a_role_joins_people_and_sets(api: Api) -> None:
    root, ann = await api.administrator(), await api.person()
    made = await made_set(api, root, READ_RULES)
    role = {"role": "on call"}

    for_people = await send(api, root, "POST", f"/identities/{ann.id}/roles", role)
    for_sets = await send(
        api, root, "POST", f"/permissions/sets/{made['id']}/roles", role
    )

    assert (for_people.status_code, for_sets.status_code) == (201, 201)
    await eventually(lambda: may_read_rules(api, ann))
    person = (await send(api, root, "GET", f"/identities/{ann.id}")).json()["data"]
    assert [each["role"] for each in person["roles"]] == ["on call"]
    assert person["direct_permissions"] == []
    shown = (await send(api, root, "GET", f"/permissions/sets/{made['id']}")).json()
    assert [each["role"] for each in shown["data"]["roles"]] == ["on call"]
    me = (await api.client.get("/auth/me", headers=ann.headers)).json()["data"]
    assert me["assigned_permission_set_refs"] == ["ops.crew"]
    role_id = for_people.json()["data"]["id"]
    await send(api, root, "DELETE", f"/identities/roles/{role_id}")

    async def refused() -> bool:
        return not await may_read_rules(api, ann)

    await eventually(refused)
    set_role_id = for_sets.json()["data"]["id"]
    taken = await send(api, root, "DELETE", f"/permissions/sets/roles/{set_role_id}")
    assert taken.status_code == 200


async def test_nobody_hands_on_more_than_they_have(api: Api) -> None:
    root, ann = await api.administrator(), await api.person()
    manager = await api.person([*MANAGER, READ_RULES])
    await made_set(api, root, *EVERYTHING, ref="ops.all")
    role = {"role": "chiefs"}
    everything = await send(api, root, "GET", "/permissions/sets")
    set_id = next(e["id"] for e in everything.json() if e["ref"] == "ops.all")
    await send(api, root, "POST", f"/permissions/sets/{set_id}/roles", role)
    own = await made_set(api, manager, READ_RULES, ref="ops.mine")

    refusals = [
        await make_set(api, manager, grant("keys", "decrypt"), ref="ops.more"),
        await assign(api, manager, "ops.all", manager),
        await assign(api, manager, "ops.all", ann),
        await send(api, manager, "POST", f"/identities/{manager.id}/roles", role),
        await send(
            api, manager, "POST", f"/permissions/sets/{set_id}/roles", {"role": "x"}
        ),
        await send(
            api,
            manager,
            "PUT",
            f"/permissions/sets/{own['id']}",
            {"grants": [grant("rules", "read", "delete")]},
        ),
    ]

    assert [each.status_code for each in refusals] == [403] * len(refusals)
    assert "keys:decrypt" in refusals[0].json()["error"]
    assert "rules:delete" in refusals[-1].json()["error"]
    assert (await assign(api, manager, "ops.mine", ann)).status_code == 201


async def test_a_set_may_shrink_in_the_hands_of_who_has_less(api: Api) -> None:
    root = await api.administrator()
    manager = await api.person([*MANAGER, READ_RULES])
    made = await made_set(api, root, READ_RULES, grant("keys", "decrypt"))
    path = f"/permissions/sets/{made['id']}"

    shrunk = await send(api, manager, "PUT", path, {"grants": [READ_RULES]})

    assert shrunk.status_code == 200


async def test_an_owner_shares_a_pack_that_an_administrator_cannot_show(
    api: Api,
) -> None:
    root, bob = await api.administrator(), await api.person()
    ann = await api.person([*MANAGER, grant("packs", "read", owner="self")])
    pack = await make_private_pack(api, ann)
    share = grant("packs", "read", pack_refs=[pack.ref])

    by_root = await make_set(api, root, share, ref="ops.peep")
    await made_set(api, ann, share, ref="ops.share")
    await assign(api, ann, "ops.share", bob)

    assert by_root.status_code == 403

    async def shared() -> bool:
        answer = await send(api, bob, "GET", f"/packs/{pack.ref}")
        return answer.status_code == 200

    await eventually(shared)
    assert (await send(api, root, "GET", f"/packs/{pack.ref}")).status_code == 404


async def test_sets_that_others_made_are_seen_by_a_grant_only(api: Api) -> None:
    root = await api.administrator()
    mine = grant("permissions", "read", "create", "manage", owner="self")
    ann, bob = await api.person([mine]), await api.person([mine])
    made = await made_set(api, ann, mine)
    path = f"/permissions/sets/{made['id']}"

    assert (await send(api, ann, "GET", path)).status_code == 200
    assert (await send(api, root, "GET", path)).status_code == 200
    assert (await send(api, bob, "GET", path)).status_code == 404
    listed = (await send(api, bob, "GET", "/permissions/sets")).json()
    assert [each["ref"] for each in listed] == []
    role = await send(api, bob, "POST", f"{path}/roles", {"role": "mine"})
    assert role.status_code == 404


async def test_an_assignment_names_somebody(api: Api) -> None:
    root, ann = await api.administrator(), await api.person()
    await made_set(api, root, READ_RULES)

    async def status(**whom: Any) -> int:
        body = {"permission_set_ref": "ops.crew", **whom}
        answer = await send(api, root, "POST", "/permissions/assignments", body)
        return answer.status_code

    assert await status() == 422
    assert await status(identity_login="nobody") == 404
    assert await status(identity_login=ann.login, identity_id=root.id) == 422
    assert await status(identity_login=ann.login) == 201


async def test_code_acts_with_no_more_than_who_wrote_it_may_do(api: Api) -> None:
    shop = await make_workshop(api)
    await made_set(api, shop.who, ref="ops.secret")
    async with api.database.transaction() as tx:
        vault = await make_permission_set(tx, grants=[grant("keys", "decrypt")])
    await shop.action()
    await shop.trigger()
    await shop.rule("of_root")
    editor = await api.person(
        [
            grant("actions", *CRUD, "execute"),
            grant("rules", *CRUD),
            grant("triggers", "read"),
        ]
    )
    acting = {"default_execution_permission_set_refs": [vault.ref]}
    named = {"permission_set_refs": [vault.ref]}
    work = f"{shop.pack.ref}.work"

    refusals = [
        await shop.send(method, path, body, who=editor)
        for method, path, body in (
            ("POST", "/actions", shop.action_body("mine", **acting)),
            ("PUT", f"/actions/{work}", acting),
            ("POST", "/workflows", shop.workflow_body("flow", **acting)),
            ("POST", "/rules", shop.rule_body("mine", **named)),
            ("POST", "/executions/execute", {"action_ref": work, **named}),
        )
    ]
    own = await shop.send("POST", "/rules", shop.rule_body("own"), who=editor)
    own_path = f"/rules/{shop.pack.ref}.own"
    assert own.status_code == 201, own.text
    refusals.append(await shop.send("PUT", own_path, named, who=editor))
    unknown = shop.rule_body("mine", permission_set_refs=["ops.secret"])
    # A rule acts for whoever made it, so that changing it is acting for them.
    path = f"/rules/{shop.pack.ref}.of_root"
    changed = await shop.send("PUT", path, {"action_params": {}}, who=editor)
    switched = await shop.send("POST", f"{path}/disable", who=editor)

    assert [each.status_code for each in refusals] == [403] * len(refusals)
    assert all("keys:decrypt" in each.json()["error"] for each in refusals)
    assert (changed.status_code, switched.status_code) == (403, 200)
    assert (await shop.send("POST", "/rules", unknown, who=editor)).status_code == 422


async def test_nobody_hands_on_what_others_keep_for_themselves(api: Api) -> None:
    root, bob = await api.administrator(), await api.person(EVERYTHING)
    body = {"name": "token", "local_ref": "token", "value": "x", "encrypted": True}
    made = await send(api, bob, "POST", "/keys", {**body, "owner_type": "identity"})
    assert made.status_code == 201, made.text
    key = made.json()["data"]["ref"]
    shared = await send(api, root, "POST", "/keys", {**body, "owner_type": "system"})

    async def status(who: Person, **named: Any) -> int:
        ref = f"ops.{unique('set')}"
        answer = await make_set(api, who, grant("keys", "read", **named), ref=ref)
        return answer.status_code

    assert await status(root, refs=[key]) == 403
    assert await status(root, owner="any") == 403
    assert await status(root, owner_types=["identity"]) == 403
    assert await status(root, owner_refs=[bob.login]) == 403
    assert await status(root, refs=[shared.json()["data"]["ref"]]) == 201
    assert await status(root, owner_refs=[root.login]) == 201
