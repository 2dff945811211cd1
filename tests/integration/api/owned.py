"""An owner with one of everything, and the requests that are about it.

A route that is about something new fails the tests that walk all routes, until it is
said here what its path and its body are about.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from attune.db.models import PackInstall
from attune.domain.execution import ExecutionStatus
from attune.packs.document import read_document
from attune.packs.loader import CORE_DIRECTORY
from tests.integration.api.operations import Operation
from tests.integration.api.people import Api, Person, grant
from tests.support.builders import make_enforcement, make_event, make_execution
from tests.support.packs import pack_archive

ALL = ("read", "create", "update", "delete")

MARK: Final = "marked"
"""In every name of the owner's things, so that it shows wherever one of them does."""


def granted(name: str) -> list[Mapping[str, Any]]:
    """Return the grants of one of the core pack's permission sets."""
    document: dict[str, Any] = read_document(
        CORE_DIRECTORY / "permission_sets" / f"{name}.yaml"
    )
    grants: list[Mapping[str, Any]] = document["grants"]
    return grants


TENANT: Final = [
    *granted("tenant"),
    grant("identities", *ALL, owner="self"),
    grant("permissions", *ALL, "manage", owner="self"),
    grant("audit_log", "read", owner="self"),
]
"""What a tenant may do who keeps permission sets as well: all of it with what is theirs."""


@dataclass(frozen=True)
class Request:
    """What to send for one operation."""

    path: str
    body: object = None
    files: Any = None
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Owned:
    """One owner's things, by the word that stands before their id or ref in a path."""

    who: Person
    things: Mapping[str, int | str]

    def request(self, operation: Operation) -> Request:
        """Return a request about these things that is valid as such."""
        body = self.body(str(operation))
        if isinstance(body, Request):
            return Request(self.path(operation.template), None, body.files, body.form)
        return Request(self.path(operation.template), body)

    def path(self, template: str) -> str:
        """Fill the places of a path."""
        return template.format(**self.places(template))

    def places(self, template: str) -> dict[str, int | str]:
        """Return what belongs in each place of a path."""
        if template == "/api/v1/inquiries/status/{status}":
            return {"status": "pending"}
        parts = [part.strip("{}") for part in template.split("/")]
        return {
            part: self._value(before, part)
            for before, part in pairwise(parts)
            if f"{{{part}}}" in template
        }

    def _value(self, before: str, name: str) -> int | str:
        if (before, name) in _WORDS:
            return _WORDS[before, name]
        key = _MEANT.get((before, name), before)
        if key not in self.things:
            raise LookupError(f"/{before}/{{{name}}}: whose is it? say so in owned.py")
        return self.things[key]

    def body(self, operation: str) -> Any:
        """Return a valid body for the operation."""
        return self._bodies().get(operation)

    def _bodies(self) -> Mapping[str, Any]:
        t = self.things
        pack, action, trigger = t["packs"], t["actions"], t["triggers"]
        flow = {"version": "1.0.0", "tasks": [{"name": "one", "action": action}]}
        upload = Request("", files={"file": ("a.txt", b"x", "text/plain")})
        archive = pack_archive({"pack.yaml": f"ref: {pack}\nversion: 1.0.0\n"})
        named = {"ref": f"{pack}.new", "pack_ref": pack, "label": "New"}
        owner = {"scope": "pack", "owner": pack, "type": "file_text"}
        return {
            "PUT /api/v1/triggers/{ref}/webhooks/config": {},
            "POST /api/v1/executions/execute": {"action_ref": action},
            "POST /api/v1/executions/{execution_id}/rerun": {},
            "POST /api/v1/events": {"trigger_ref": trigger, "payload": {}},
            "POST /api/v1/events/batch": {"events": [{"trigger_ref": trigger}]},
            "POST /api/v1/events/{id}/replay": {},
            "POST /api/v1/inquiries": {"execution": t["executions"], "prompt": "Go?"},
            "PUT /api/v1/inquiries/{id}": {"assigned_to": t["identities"]},
            "POST /api/v1/inquiries/{id}/respond": {"response": {}},
            "PUT /auth/me": {},
            "POST /auth/change-password": {
                "current_password": "not the one",
                "new_password": "another one",
            },
            "POST /api/v1/identities": {"login": t["login"]},
            "PUT /api/v1/identities/{id}": {"display_name": "New"},
            "POST /api/v1/identities/{id}/roles": {"role": "new"},
            "POST /api/v1/identities/{id}/integration-tokens": {"label": "new"},
            "POST /api/v1/identities/{id}/integration-tokens/{token_id}/revoke": {},
            "POST /api/v1/permissions/sets": {
                "ref": "new.set",
                "grants": [grant("packs", "read", pack_refs=[str(pack)])],
            },
            "PUT /api/v1/permissions/sets/{id}": {"label": "New"},
            "POST /api/v1/permissions/sets/{id}/roles": {"role": "new"},
            "POST /api/v1/permissions/assignments": {
                "permission_set_ref": t["set"],
                "identity_id": t["identities"],
            },
            "POST /api/v1/workers/{worker_id}/cordon": {},
            "POST /api/v1/packs": {"ref": pack, "label": "New", "version": "1.0.0"},
            "POST /api/v1/packs/upload": Request(
                "",
                files={"pack": ("p.tar.gz", archive, "application/gzip")},
                form={"force": "true"},
            ),
            "POST /api/v1/packs/register": {"path": "/nowhere"},
            "POST /api/v1/packs/install": {"source": "/nowhere"},
            "PUT /api/v1/packs/{ref}": {"label": "New"},
            "PUT /api/v1/packs/{ref}/config": {"config": {}},
            "POST /api/v1/runtimes": {"ref": f"{pack}.new", "name": "new"},
            "PUT /api/v1/runtimes/{ref}": {"description": "New"},
            "POST /api/v1/actions": named | {"entrypoint": "echo"},
            "PUT /api/v1/actions/{ref}": {"label": "New"},
            "POST /api/v1/workflows": named | {"version": "1.0.0", "definition": flow},
            "POST /api/v1/workflows/validate": {
                "pack_ref": pack,
                "definition": flow,
                "version": "1.0.0",
                "ref": f"{pack}.new",
                "label": "New",
            },
            "PUT /api/v1/workflows/{ref}": {"label": "New"},
            "PUT /api/v1/workflows/{ref}/file": {
                "name": str(t["workflows"]).partition(".")[2],
                "pack_ref": pack,
                "label": "New",
                "version": "1.0.0",
                "definition": flow,
            },
            "POST /api/v1/packs/{pack_ref}/workflow-files": {
                "name": "new",
                "pack_ref": pack,
                "label": "New",
                "version": "1.0.0",
                "definition": flow,
            },
            "POST /api/v1/sensors": named
            | {
                "entrypoint": "watch",
                "runtime_ref": t["runtimes"],
                "trigger_ref": trigger,
            },
            "PUT /api/v1/sensors/{ref}": {"label": "New"},
            "POST /api/v1/triggers": named,
            "PUT /api/v1/triggers/{ref}": {"label": "New"},
            "POST /api/v1/rules": named
            | {"trigger_ref": trigger, "action_ref": action},
            "PUT /api/v1/rules/{ref}": {"label": "New"},
            "POST /api/v1/rules/{ref}/test": {"payload": {}},
            "POST /api/v1/timers/preview": {
                "trigger_ref": "core.intervaltimer",
                "trigger_params": {"unit": "hours", "interval": 1},
            },
            "POST /api/v1/artifacts": owner | {"ref": f"{pack}.new"},
            "PUT /api/v1/artifacts/{artifact_id}": {"description": "New"},
            "PUT /api/v1/artifacts/{artifact_id}/data": {"data": {}},
            "POST /api/v1/artifacts/{artifact_id}/progress": {"entry": {}},
            "POST /api/v1/artifacts/ref/{ref}/versions/file": owner,
            "POST /api/v1/artifacts/ref/{ref}/versions/upload": Request(
                "",
                files=upload.files,
                form={name: str(value) for name, value in owner.items()},
            ),
            "POST /api/v1/artifacts/{artifact_id}/versions": {"content": {}},
            "POST /api/v1/artifacts/{artifact_id}/versions/file": {},
            "POST /api/v1/artifacts/{artifact_id}/versions/upload": upload,
            "POST /api/v1/policies": {
                "ref": "new.policy",
                "name": "New",
                "scope": {"type": "action", "action_ref": action},
                "concurrency": {"limit": 1},
            },
            "PUT /api/v1/policies/{ref}": {"name": "New"},
            "POST /api/v1/keys": {
                "owner_type": "pack",
                "owner_pack_ref": pack,
                "local_ref": "new",
                "name": "new",
                "value": "x",
            },
            "PUT /api/v1/keys/{ref}": {"value": "x"},
        }

    def filters(self, names: Sequence[str]) -> Iterator[Mapping[str, str]]:
        """Yield a filter by each of these query parameters that names a thing."""
        for name in names:
            key = _FILTERS.get(name)
            if key is not None:
                yield {name: str(self.things[key])}


_WORDS: Final[Mapping[tuple[str, str], int | str]] = {
    ("status", "status"): "completed",
    ("logs", "stream_name"): "stdout",
    ("logs", "stream"): "stdout",
    ("versions", "version"): 1,
    ("output", "stream"): "stdout",
    ("files", "version_id"): 1,
    ("webhooks", "webhook_key"): "nobodys",
}
"""Places in paths that name no thing."""

_MEANT: Final = {
    ("roles", "id"): "roles",
    ("install", "install_id"): "installs",
    ("ref", "ref"): "artifact",
    ("by-request", "request_id"): "requests",
    ("audit-events", "event_id"): "records",
}
"""Whose places are not what the word before them says."""

_FILTERS: Final = {
    "pack_ref": "packs",
    "referencing_pack_ref": "packs",
    "action_ref": "actions",
    "trigger_ref": "triggers",
    "rule_ref": "rules",
    "trigger": "trigger_ids",
    "rule": "rule_ids",
    "event": "events",
    "enforcement": "enforcements",
    "execution": "executions",
    "execution_id": "executions",
    "parent": "executions",
    "executor": "identities",
    "assigned_to": "identities",
    "owner": "packs",
    "actor_identity": "identities",
    "actor_login": "login",
    "resource_ref": "packs",
    "search": "mark",
    "q": "mark",
    "trace_tag": "mark",
    "name": "mark",
    "result_contains": "mark",
}


async def _made(api: Api, who: Person, path: str, body: Any) -> Any:
    answer = await api.client.post(f"/api/v1{path}", json=body, headers=who.headers)
    assert answer.is_success, f"{path}: {answer.text}"
    return answer.json()["data"]


async def make_owned(api: Api) -> Owned:
    """Make an owner and one of everything, with the permissions of a tenant alone."""
    who = await api.person(TENANT, login=f"{MARK}owner")
    pack = f"{MARK}pack"
    things: dict[str, int | str] = {
        "packs": pack,
        "mark": MARK,
        "login": who.login,
        "identities": who.id,
    }
    body = {"ref": pack, "label": MARK, "version": "1.0.0"}
    await _made(api, who, "/packs", body)
    things |= await _code(api, who, pack)
    things |= await _connections(api, who, things)
    things |= await _keys(api, who, pack)
    things |= await _permissions(api, who)
    things |= await _what_happened(api, who, things)
    things |= await _records(api, who)
    return Owned(who, things)


def _named(pack: str, word: str, **fields: Any) -> dict[str, Any]:
    return {"ref": f"{pack}.{word}", "pack_ref": pack, "label": MARK} | fields


async def _code(api: Api, who: Person, pack: str) -> dict[str, int | str]:
    body = {"ref": f"{pack}.runtime", "name": f"{MARK}runtime"}
    runtime = await _made(api, who, "/runtimes", body)
    code = {"entrypoint": "echo done", "runtime_ref": runtime["ref"]}
    action = await _made(api, who, "/actions", _named(pack, "action", **code))
    tasks = [{"name": "one", "action": action["ref"]}]
    graph = {"version": "1.0.0", "definition": {"version": "1.0.0", "tasks": tasks}}
    workflow = await _made(api, who, "/workflows", _named(pack, "flow", **graph))
    trigger = await _made(api, who, "/triggers", _named(pack, "trigger"))
    await _made(api, who, f"/triggers/{trigger['ref']}/webhooks/enable", None)
    watch = code | {"trigger_ref": trigger["ref"]}
    sensor = await _made(api, who, "/sensors", _named(pack, "sensor", **watch))
    return {
        "runtimes": runtime["ref"],
        "actions": action["ref"],
        "workflows": workflow["ref"],
        "triggers": trigger["ref"],
        "trigger_ids": trigger["id"],
        "sensors": sensor["ref"],
    }


async def _connections(
    api: Api, who: Person, things: Mapping[str, Any]
) -> dict[str, int | str]:
    pack, action = things["packs"], things["actions"]
    connects = {"trigger_ref": things["triggers"], "action_ref": action}
    rule = await _made(api, who, "/rules", _named(pack, "rule", **connects))
    policy = await _made(
        api,
        who,
        "/policies",
        {
            "ref": f"{pack}.policy",
            "name": MARK,
            "scope": {"type": "action", "action_ref": action},
            "concurrency": {"limit": 1},
        },
    )
    return {"rules": rule["ref"], "rule_ids": rule["id"], "policies": policy["ref"]}


async def _keys(api: Api, who: Person, pack: str) -> dict[str, int | str]:
    own = {
        "owner_type": "identity",
        "local_ref": f"{MARK}own",
        "name": f"{MARK}own",
        "value": MARK,
    }
    await _made(api, who, "/keys", own)
    of_pack = {
        "owner_type": "pack",
        "owner_pack_ref": pack,
        "local_ref": "token",
        "name": f"{MARK}key",
        "value": MARK,
        "encrypted": True,
    }
    return {"keys": (await _made(api, who, "/keys", of_pack))["ref"]}


async def _permissions(api: Api, who: Person) -> dict[str, int | str]:
    own = f"/identities/{who.id}/integration-tokens"
    token = await _made(api, who, own, {"label": MARK})
    grants = [grant("packs", "read", owner="self")]
    body = {"ref": f"{MARK}.set", "label": MARK, "grants": grants}
    made = await _made(api, who, "/permissions/sets", body)
    role = await _made(
        api, who, f"/permissions/sets/{made['id']}/roles", {"role": MARK}
    )
    assignment = await _made(
        api,
        who,
        "/permissions/assignments",
        {"permission_set_ref": made["ref"], "identity_id": who.id},
    )
    return {
        "integration-tokens": token["integration_token"]["id"],
        "sets": made["id"],
        "set": made["ref"],
        "roles": role["id"],
        "assignments": assignment["id"],
    }


async def _what_happened(
    api: Api, who: Person, things: Mapping[str, Any]
) -> dict[str, int | str]:
    """Make what only a worker would bring about, and what belongs to it."""
    async with api.database.transaction() as tx:
        pack = await tx.packs.get_by_ref(things["packs"])
        trigger = await tx.triggers.get_by_ref(things["triggers"])
        rule = await tx.rules.get_by_ref(things["rules"])
        action = await tx.actions.get_by_ref(things["actions"])
        event = await make_event(tx, trigger, payload={"said": MARK}, trace_tag=MARK)
        enforcement = await make_enforcement(
            tx, rule, event_id=event.id, payload={"said": MARK}
        )
        execution = await make_execution(
            tx,
            action,
            executor_id=who.id,
            enforcement_id=enforcement.id,
            status=ExecutionStatus.RUNNING,
            result={"said": MARK},
            trace_tag=MARK,
        )
        install = await tx.pack_installs.add(
            PackInstall(pack_id=pack.id, pack_version="1.0.0", requested_by_id=who.id)
        )
    body = {"execution": execution.id, "prompt": MARK, "assigned_to": who.id}
    inquiry = await _made(api, who, "/inquiries", body)
    owner = {"scope": "pack", "owner": things["packs"], "type": "file_text"}
    ref = f"{things['packs']}.report"
    artifact = await _made(api, who, "/artifacts", owner | {"ref": ref, "name": MARK})
    answer = await api.client.post(
        f"/api/v1/artifacts/{artifact['id']}/versions/upload",
        files={"file": ("a.txt", MARK.encode(), "text/plain")},
        headers=who.headers,
    )
    assert answer.is_success, answer.text
    return {
        "events": event.id,
        "enforcements": enforcement.id,
        "executions": execution.id,
        "installs": install.id,
        "inquiries": inquiry["id"],
        "artifacts": artifact["id"],
        "artifact": ref,
        "workers": 999_999,
    }


async def _records(api: Api, who: Person) -> dict[str, int | str]:
    answer = await api.client.get(
        "/api/v1/audit-events", params={"page_size": 1}, headers=who.headers
    )
    (record,) = answer.json()["items"]
    assert re.fullmatch(r"[0-9a-f-]{36}", record["request_id"])
    return {"records": record["id"], "requests": record["request_id"]}
