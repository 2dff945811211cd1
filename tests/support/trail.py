"""Secrets on their way through a stack: put in at every door, told by actions, asked for.

What went in and what was seen meanwhile stays in the `Trail`, for tests to search.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.client import Client

from attune.stack.stack import Stack
from attune.temporal.client import TemporalAddress, connect
from tests.support.api import Person
from tests.support.eventually import eventually
from tests.support.leaks import Canaries, processes_of, runs_in

# Each waits until the test has looked at it, then tells its secret in every way it has.
TELL_IN_PYTHON = """
import base64, json, os, sys, time

source = os.environ.get("ATTUNE_PARAMETER_FILE")
given = json.load(open(source) if source else sys.stdin)
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.02)
print(given["pin"], base64.b64encode(given["pin"].encode()).decode(), flush=True)
print(os.environ["ATTUNE_API_TOKEN"], flush=True)
raise RuntimeError("refused: " + given["pin"])
"""
TELL_IN_SHELL = """
while [ -n "$GATE" ] && [ ! -e "$GATE" ]; do sleep 0.05; done
echo "$pin $(printf %s "$pin" | base64 -w0)"
echo "$ATTUNE_API_TOKEN"
echo "refused: $pin" >&2
exit 3
"""
SCHEMA = {
    "pin": {"type": "string", "secret": True, "required": True},
    "note": {"type": "string"},
}
AT_THE_GATE = ("stdin", "file", "shell")
"""Actions that wait to be looked at, by the way in which they get parameters."""


@dataclass
class Trail:
    """What was put in, and what was seen while it was at work."""

    stack: Stack
    person: Person
    pack: str
    temporary: Path
    gate: Path
    secret: dict[str, str] = field(default_factory=dict)
    """Must be nowhere but encrypted."""
    ordinary: dict[str, str] = field(default_factory=dict)
    """Is data of users: kept in tables and shown, and nowhere else."""
    tokens: dict[str, str] = field(default_factory=dict)
    """The signatures, which alone make a token worth something."""
    processes: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    described: list[tuple[str, bytes]] = field(default_factory=list)
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    executions: list[int] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    """How many answers each person got in asking every route."""

    def new_secret(self, name: str, begin: str = "") -> str:
        """Return a value to search for."""
        return self.secret.setdefault(name, begin + secrets.token_hex(16))

    def new_ordinary(self, name: str) -> str:
        """Return a value to search for, which tables may have."""
        return self.ordinary.setdefault(name, secrets.token_hex(16))

    @property
    def keys(self) -> dict[str, str]:
        """What opens the platform itself."""
        directory = self.stack.directory
        names = ("jwt_secret", "encryption_key")
        keys = {name: directory.key(name) for name in names}
        return {**keys, "admin_password": self.stack.admin_password}

    def canaries(self, *, and_ordinary: bool = False) -> Canaries:
        """Return all that is to be searched for."""
        more = self.ordinary if and_ordinary else {}
        everything = {**self.secret, **self.tokens, **self.keys, **more}
        return Canaries(everything, cut=True)

    async def ask(self, path: str, **query: Any) -> Any:
        """Get something, and keep the answer to look through it."""
        response = await self.person.http.get(path, params=query)
        assert response.is_success, f"{path}: {response.text}"
        self.answers.append((path, response.content))
        return response


async def log_in(trail: Trail) -> None:
    """Log in, renew the tokens, and remember what they are worth."""
    login = {"login": "admin", "password": trail.stack.admin_password}
    first = (await trail.person.post("/auth/login", login))["data"]
    refresh = {"refresh_token": first["refresh_token"]}
    second = (await trail.person.post("/auth/refresh", refresh))["data"]
    worker = trail.stack.directory.worker_token_file.read_text().strip()
    trail.tokens = {
        "first access token": signature(first["access_token"]),
        "first refresh token": signature(first["refresh_token"]),
        "access token": signature(second["access_token"]),
        "refresh token": signature(second["refresh_token"]),
        "worker token": signature(worker),
    }
    bearer = f"Bearer {second['access_token']}"
    trail.person.http.headers["Authorization"] = bearer
    await trail.person.worker_is_there("Python")


async def define(trail: Trail) -> None:
    """Make a pack with a secret in its configuration, and actions that take one."""
    person, pack = trail.person, trail.pack
    await person.post(
        "/api/v1/packs",
        {
            "ref": pack,
            "label": pack,
            "version": "1.0.0",
            "conf_schema": {
                "token": {"type": "string", "secret": True},
                "linked": {"type": "string"},
            },
            "config": {"token": trail.new_secret("pack configuration")},
        },
    )
    more: dict[str, Any] = {
        "param_schema": SCHEMA,
        "default_execution_permission_set_refs": ["core.viewer"],
    }
    python = {**more, "runtime": "core.python"}
    await person.make_action(f"{pack}.stdin", TELL_IN_PYTHON, **python)
    await person.make_action(
        f"{pack}.file", TELL_IN_PYTHON, **python, parameter_delivery="file"
    )
    await person.make_action(f"{pack}.shell", TELL_IN_SHELL, **more)
    number = {"pin": {"type": "integer", "secret": True, "enum": [1, 2]}}
    await person.make_action(f"{pack}.number", "true", param_schema=number)


async def knock_wrongly(trail: Trail) -> None:
    """Send what is refused; the refusals must not repeat it."""
    http = trail.person.http
    login = {"login": "admin", "password": trail.new_secret("wrong password")}
    refused = [await http.post("/auth/login", json=login)]
    token = {"Authorization": f"Bearer {trail.new_secret('wrong token')}"}
    refused.append(await http.get("/auth/me", headers=token))
    long = {"login": "admin", "password": trail.new_secret("long password") * 100}
    refused.append(await http.post("/auth/login", json=long))
    torn = f'{{"login": "admin", "password": "{trail.new_secret("torn body")}'
    refused.append(await http.post("/auth/login", content=torn))
    hook = f"/api/v1/webhooks/{trail.new_secret('wrong webhook key')}"
    refused.append(await http.post(hook, json={}))
    config = {"token": [trail.new_secret("wrong pack configuration")]}
    path = f"/api/v1/packs/{trail.pack}"
    refused.append(await http.put(path, json={"config": config}))
    assert [each.status_code // 100 for each in refused] == [4] * len(refused)
    trail.answers += [(f"refusal by {each.url}", each.content) for each in refused]


async def start_actions(trail: Trail) -> list[int]:
    """Start the actions that wait to be looked at."""
    return [
        await start(trail, name, trail.new_secret(f"{name} parameter"))
        for name in AT_THE_GATE
    ]


async def start(trail: Trail, action: str, pin: object) -> int:
    body = {
        "action_ref": f"{trail.pack}.{action}",
        "parameters": {"pin": pin, "note": trail.new_ordinary("parameter")},
        "env_vars": {
            "GATE": str(trail.gate),
            "SEEN": trail.new_ordinary("environment variable"),
        },
    }
    return int((await trail.person.post("/api/v1/executions/execute", body))["id"])


async def start_with_wrong_secret(trail: Trail) -> int:
    """Start what fails over the very value of its secret."""
    body = {
        "action_ref": f"{trail.pack}.number",
        "parameters": {"pin": trail.new_secret("parameter of the wrong type")},
    }
    return int((await trail.person.post("/api/v1/executions/execute", body))["id"])


async def watch(trail: Trail) -> None:
    """Look at every process and at Temporal while the actions are at work."""

    def all_are_there() -> bool:
        trail.processes = list(processes_of(pids(trail.stack)))
        return len(action_environments(trail)) >= len(AT_THE_GATE)

    await eventually(all_are_there, seconds=60)
    client = await temporal(trail)
    trail.described = [each async for each in runs_in(client)]
    for number, variables in enumerate(action_environments(trail)):
        token = variables["ATTUNE_API_TOKEN"]
        trail.tokens[f"execution token {number}"] = signature(token)


async def deliver(trail: Trail) -> list[int]:
    """Let a webhook bring a secret to a rule, which adds that of the pack."""
    person, pack = trail.person, trail.pack
    path = await person.make_hook(
        f"{pack}.arrived",
        f"{pack}.shell",
        action_params={"pin": "{{ pack.config.token }}{{ event.payload.more }}"},
    )
    literal = {"pin": trail.new_secret("parameter written into a rule")}
    second = {"ref": f"{pack}.second", "label": "Second", "pack_ref": pack}
    refs = {"trigger_ref": f"{pack}.arrived", "action_ref": f"{pack}.shell"}
    await person.post("/api/v1/rules", {**second, **refs, "action_params": literal})
    trail.tokens["webhook key"] = path.rsplit("/", 1)[1]
    response = await person.http.post(
        path,
        params={"token": trail.new_secret("query string")},
        headers={
            "Authorization": f"Basic {trail.new_secret('authorization header')}",
            "X-Api-Key": trail.new_secret("key header"),
            "Cookie": f"session={trail.new_secret('cookie')}",
            "X-Note": trail.new_ordinary("header"),
        },
        json={"payload": {"more": trail.new_ordinary("payload")}},
    )
    assert response.is_success, response.text
    rules = (f"{pack}.arrived_rule", f"{pack}.second")
    found = [each for rule in rules for each in await person.executions_of(rule)]
    assert len(found) == len(rules)
    return [each["id"] for each in found]


async def ask_for_everything(trail: Trail) -> None:
    """Read all that can be read without asking for secrets."""
    lists = ("packs", "actions", "triggers", "rules", "events", "enforcements")
    for name in (*lists, "executions", "workers", "runtimes"):
        for item in (await trail.ask(f"/api/v1/{name}")).json()["items"]:
            has_id = name in {"events", "enforcements", "executions", "workers"}
            await trail.ask(f"/api/v1/{name}/{item['id' if has_id else 'ref']}")
    for execution_id in trail.executions:
        for stream in ("stdout", "stderr"):
            await trail.ask(f"/api/v1/executions/{execution_id}/logs/{stream}")
    for path in ("/auth/me", "/auth/settings", "/api/v1/executions/stats"):
        await trail.ask(path)


def signature(token: str) -> str:
    """Return the part of a token that nobody can make up."""
    return token.rsplit(".", 1)[1]


def pids(stack: Stack) -> list[int]:
    """Return the processes that the stack has started itself."""
    return [pid for name in stack.part_names if (pid := stack.pid(name))]


def action_environments(trail: Trail) -> list[dict[str, str]]:
    """Return the environments of the actions that were seen, one for each."""
    found = {}
    for _, _, environment in trail.processes:
        pairs = (line.split("=", 1) for line in environment.decode().split("\0"))
        variables = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
        if execution_id := variables.get("ATTUNE_EXEC_ID"):
            found[execution_id] = variables
    return list(found.values())


async def temporal(trail: Trail) -> Client:
    return await connect(TemporalAddress(trail.stack.temporal_address))
