"""Keys on their way through a stack: kept, changed, referred to, told by actions."""

from typing import Any

from tests.support.trail import Trail

OUTPUT_BYTES = 100_000
"""The limit of the stack: secrets are told across it."""

# Tells all it is given in every spelling, and then once more across the limit.
SPELL_IN_PYTHON = f"""
import base64, json, sys, urllib.parse

def texts(value):
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    return [value] if isinstance(value, str) else []

told = texts(json.load(sys.stdin))
for text in told:
    raw = text.encode()
    print(json.dumps(text), urllib.parse.quote(text), raw.hex(), raw.hex().upper())
    print(base64.b64encode(b"user:" + raw).decode(), base64.urlsafe_b64encode(raw).decode())
    print(base64.encodebytes(b"x" * 50 + raw + b"y" * 50).decode())
    print("\\n".join(text[at : at + 5] for at in range(0, len(text), 5)))
sys.stderr.write("e" * ({OUTPUT_BYTES} - 16) + told[0])
sys.stdout.flush()
sys.stderr.flush()
raise RuntimeError("refused: " + "; ".join(told))
"""
JAGGED = "\"<&'> ü/+ \\"
"""Something of everything that is written otherwise in JSON, HTML, addresses and base64."""


async def keep_keys(trail: Trail) -> None:
    """Keep a secret for every kind of owner; one is changed, one is taken away."""
    pack, person = trail.pack, trail.person
    await person.make_action(f"{pack}.spell", SPELL_IN_PYTHON, runtime="core.python")
    owners: dict[str, dict[str, str]] = {
        "system": {},
        "identity": {},
        "pack": {"owner_pack_ref": pack},
        "action": {"owner_action_ref": f"{pack}.spell"},
    }
    for kind, owner in owners.items():
        body = {"name": f"kept_{kind}", "owner_type": kind, "encrypted": True, **owner}
        body["value"] = trail.new_secret(f"former key of {kind}")
        ref = (await person.post("/api/v1/keys", body))["data"]["ref"]
        value = {"value": trail.new_secret(f"key of {kind}")}
        response = await person.http.put(f"/api/v1/keys/{ref}", json=value)
        assert response.is_success, response.text
        assert value["value"] not in response.text
    gone = {"name": "gone", "owner_type": "system", "encrypted": True}
    await person.post("/api/v1/keys", gone | {"value": trail.new_secret("gone key")})
    assert (await person.http.delete("/api/v1/keys/system.gone")).is_success
    secret = trail.new_secret("key that is JSON", JAGGED)
    login = {"name": "login", "owner_type": "system", "encrypted": True}
    await person.post("/api/v1/keys", login | {"value": {"user": ["u", secret]}})
    own = {
        "config": {
            "token": trail.new_secret("own configuration"),
            "linked": "with {{ keystore.system.kept_system }}",
        }
    }
    path = f"/api/v1/packs/{pack}/config"
    assert (await person.http.put(path, json=own)).is_success


async def refer_to_keys(trail: Trail) -> list[int]:
    """Hand keys on by a rule and by a workflow; returns what was executed for that."""
    pack, person = trail.pack, trail.person
    handed_on: dict[str, Any] = {
        "first": "{{ keystore.system.kept_system }}",
        "headers": {"auth": "Bearer {{ keystore.identity.admin.kept_identity }}"},
        "pack": "{{ keystore.kept_pack }}",
        "login": "{{ keystore.system.login }}",
    }
    path = await person.make_hook(
        f"{pack}.referring", f"{pack}.spell", action_params=handed_on
    )
    assert (await person.http.post(path, json={})).is_success
    [by_rule] = await person.executions_of(f"{pack}.referring_rule")
    schema = {"pin": {"type": "string", "secret": True}}
    task = {
        "name": "spell",
        "action": f"{pack}.spell",
        "input": {
            **handed_on,
            "own": "{{ config.token }}",
            "linked": "{{ config.linked }}",
            "pin": "{{ parameters.pin }}",
        },
    }
    flow = {
        "ref": f"{pack}.flow",
        "pack_ref": pack,
        "label": "Flow",
        "version": "1.0.0",
        "param_schema": schema,
        "definition": {
            "version": "1.0.0",
            "tasks": [task],
            "output_map": {"told": "{{ task.spell.result }}"},
        },
    }
    await person.post("/api/v1/workflows", flow)
    inner = {
        "name": "inner",
        "action": f"{pack}.flow",
        "input": {"pin": "{{ parameters.pin }}"},
    }
    each = {
        "name": "each",
        "action": f"{pack}.spell",
        "with_items": ["a", "b"],
        "input": {**handed_on, "item": "{{ item }}"},
    }
    definition = {
        "version": "1.0.0",
        "tasks": [inner, each],
        "output_map": {"told": "{{ task.inner.result }}"},
    }
    outer = flow | {"ref": f"{pack}.outer", "definition": definition}
    await person.post("/api/v1/workflows", outer)
    pin = trail.new_secret("parameter of a workflow")
    family = [await person.execute(f"{pack}.outer", pin=pin)]
    await person.ends(family[0])
    for parent in family:
        children = await person.get("/api/v1/executions", parent=parent)
        family += [each["id"] for each in children["items"]]
    assert len(family) == 5
    return [by_rule["id"], *family]


async def become_viewer(trail: Trail) -> None:
    """Let somebody ask who may see everything but secrets."""
    person = trail.person
    password = trail.new_secret("password of the viewer")
    viewer = {"login": "viewer", "password": password}
    await person.post("/api/v1/identities", viewer)
    # A pack that somebody made is theirs alone, unless a grant names it.
    named = {"pack_refs": [trail.pack]}
    grant = {"resource": "packs", "actions": ["read"], "constraints": named}
    ref = "watchers.viewer"
    body = {"ref": ref, "label": "Viewer", "grants": [grant]}
    await person.post("/api/v1/permissions/sets", body)
    for each in ("core.viewer", ref):
        assignment = {"identity_login": "viewer", "permission_set_ref": each}
        await person.post("/api/v1/permissions/assignments", assignment)
    tokens = (await person.post("/auth/login", viewer))["data"]
    trail.tokens["token of the viewer"] = tokens["access_token"].rsplit(".", 1)[1]
    person.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"


async def ask_as_viewer(trail: Trail) -> None:
    """Read all that a viewer is shown, values of keys included."""
    lists = ("packs", "rules", "enforcements", "executions", "keys", "workflows")
    for name in (*lists, "artifacts", "inquiries"):
        for item in (await trail.ask(f"/api/v1/{name}")).json()["items"]:
            has_ref = name in {"packs", "rules", "keys", "workflows"}
            await trail.ask(f"/api/v1/{name}/{item['ref' if has_ref else 'id']}")
    await trail.ask("/api/v1/notifications", per_page=1000)
    await trail.ask(f"/api/v1/packs/{trail.pack}/config")
    for execution_id in trail.executions:
        for stream in ("stdout", "stderr"):
            await trail.ask(f"/api/v1/executions/{execution_id}/logs/{stream}")
