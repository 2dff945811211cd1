"""What an execution writes for others through the API has none of its secrets."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from attune.db.database import Database
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.permission import TokenType
from attune.security.encryption import Encryption
from attune.services.execution.write import secret_place
from tests.integration.api.artifacts import artifact_body, contents
from tests.integration.api.conftest import KEY
from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api
from tests.support.builders import make_action, make_execution

SECRET = "s3cret-0f-th1s-run"
ENCODED = base64.b64encode(SECRET.encode()).decode()


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """Somebody who may do everything."""
    return await make_workshop(api)


@dataclass(frozen=True)
class Running:
    """An execution with a secret parameter, and its token."""

    id: int
    action_ref: str
    headers: dict[str, str]

    @property
    def token(self) -> str:
        return self.headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture
async def running(shop: Workshop, database: Database) -> Running:
    encryption = Encryption(KEY)
    async with database.transaction() as tx:
        action = await make_action(tx)
        execution = await make_execution(tx, action, status=Status.RUNNING)
        place = secret_place(execution.id, "password")
        row = {
            "execution_id": execution.id,
            "name": "password",
            "value": encryption.encrypt(json.dumps(SECRET), associated=place),
            "encryption_key_hash": encryption.key_hash,
        }
        await tx.executions.insert_secrets([row])
    action_ref = f"{shop.pack.ref}.work"
    headers = shop.api.headers(
        TokenType.EXECUTION,
        shop.who.id,
        login="execution",
        execution_id=execution.id,
        action_ref=action_ref,
        permission_set_refs=["standard"],
    )
    return Running(execution.id, action_ref, headers)


async def post(shop: Workshop, running: Running, path: str, body: object) -> str:
    answer = await shop.api.client.post(
        f"/api/v1{path}", json=body, headers=running.headers
    )
    assert answer.is_success, answer.text
    return answer.text


async def test_artifacts(shop: Workshop, running: Running, artifacts_dir: Path) -> None:
    body = artifact_body(
        shop,
        scope="action",
        owner=running.action_ref,
        data={"a": [SECRET]},
        name=f"of {SECRET}",
        description=ENCODED,
    )
    made = json.loads(await post(shop, running, "/artifacts", body))["data"]
    path = f"/artifacts/{made['id']}/versions"

    content = {SECRET: f"x {ENCODED} y", "token": running.token}
    note = {"meta": {"by": SECRET}, "created_by": running.token[-80:] + SECRET}
    await post(shop, running, path, {"content": content, **note})
    text = f"{'-' * (1_048_576 - 9)}{SECRET}, {ENCODED}".encode()
    await shop.api.client.post(
        f"/api/v1{path}/upload",
        files={"file": ("a.txt", text, "text/plain")},
        headers=running.headers,
    )

    shown = await shop.send("GET", f"/artifacts/{made['id']}")
    versions = [await shop.send("GET", f"{path}/{number}") for number in (1, 2)]
    said = "".join(answer.text for answer in (shown, *versions))
    said += b"".join(contents(artifacts_dir)).decode()
    assert_masked(said, running, times=10)


async def test_events(shop: Workshop, running: Running) -> None:
    await shop.post(
        "/triggers",
        {"ref": f"{shop.pack.ref}.told", "label": "T", "pack_ref": shop.pack.ref},
    )
    event = {
        "trigger_ref": f"{shop.pack.ref}.told",
        "payload": {SECRET: [{"deep": f"x {ENCODED}"}], "token": running.token},
        "config": {"from": SECRET},
        "trace_tag": f"of {SECRET}",
    }
    said = await post(shop, running, "/events", event)
    said += await post(shop, running, "/events/batch", {"events": [event]})
    for item in (await shop.get("/events"))["items"]:
        said += json.dumps(await shop.get(f"/events/{item['id']}"))

    assert_masked(said, running, times=15)


async def test_questions(shop: Workshop, running: Running) -> None:
    """Asked again after a lost worker, the masked question is the same one."""
    question = {
        "execution": running.id,
        "prompt": f"Is {SECRET} or {ENCODED} right?",
        "response_schema": {"yes": {"type": "string", "description": SECRET}},
    }

    said = await post(shop, running, "/inquiries", question)

    assert_masked(said, running, times=3)


def assert_masked(said: str, running: Running, *, times: int) -> None:
    for secret in (SECRET, ENCODED, running.token):
        assert secret not in said
    assert said.count("***") >= times
