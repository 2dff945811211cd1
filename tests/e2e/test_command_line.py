"""What a person types, from a directory on disk to a result on the screen."""

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Names
from tests.support.api import Person
from tests.support.eventually import eventually

COUNT = """\
#!/bin/bash
read -r document
steps=$(sed 's/.*"steps": *\\([0-9]*\\).*/\\1/' <<< "$document")
for step in $(seq "$steps"); do echo "step $step" >&2; sleep 0.2; done
echo "{\\"steps\\": $steps}"
"""
GREET = """\
label: Greet
parameters:
  who: {{type: string}}
tasks:
  - name: greet
    action: {action}
    input: {{message: "Hello {{{{ parameters.who }}}}"}}
output_map:
  said: "{{{{ task.greet.result.stdout }}}}"
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    def document(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


class CommandLine:
    """`attune` in a home of its own, logged in as the administrator."""

    def __init__(self, home: Path, person: Person) -> None:
        self._home = home
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ATTUNE_HOME": str(home),
            "ATTUNE_API_URL": person.stack.api_url,
        }
        self._proof = {
            "ATTUNE_LOGIN": "admin",
            "ATTUNE_PASSWORD": person.stack.admin_password,
        }

    async def log_in(self) -> None:
        process = await self._start(("login",), self._proof)
        _, err = await process.communicate()
        assert process.returncode == 0, err

    async def __call__(self, *words: str) -> Ended:
        process = await self._start(words, {})
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def start(self, *words: str) -> Process:
        return await self._start(words, {})

    async def _start(self, words: tuple[str, ...], more: dict[str, str]) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "attune",
            *words,
            env=self._environment | more,
            cwd=Path(__file__).parents[2],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )


@pytest.fixture
async def attune(person: Person, tmp_path: Path) -> CommandLine:
    command_line = CommandLine(tmp_path, person)
    await command_line.log_in()
    return command_line


@pytest.fixture
async def pack(attune: CommandLine, names: Names, tmp_path: Path) -> str:
    """A pack with the action `count` and the trigger `order`, uploaded from disk."""
    ref = names.pack()
    directory = tmp_path / ref
    files = {
        "pack.yaml": f"ref: {ref}\nlabel: Counting\nversion: 1.0.0\n",
        "actions/count.yaml": f"ref: {ref}.count\nlabel: Count\nrunner_type: shell\n"
        "entry_point: count.sh\noutput_format: json\nparameters:\n"
        "  steps: {type: integer, required: true, description: how many}\n",
        "actions/count.sh": COUNT,
        "triggers/order.yaml": f"ref: {ref}.order\nlabel: Order\n"
        "output: {items: {type: integer}}\n",
        "node_modules/huge": "is left out",
    }
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    uploaded = await attune("pack", "upload", str(directory))
    assert uploaded.code == 0, uploaded.err
    return ref


async def test_an_uploaded_action_runs_live_to_its_result(
    attune: CommandLine, pack: str
) -> None:
    ended = await attune("run", f"{pack}.count", "steps=3")

    assert ended.code == 0
    assert '"steps": 3' in ended.out
    assert re.findall(r"step \d", ended.err) == ["step 1", "step 2", "step 3"]
    assert re.search(r"execution \d+ completed after", ended.err)


async def test_what_ran_is_listed_shown_and_printed_again(
    attune: CommandLine, pack: str
) -> None:
    ran = (await attune("run", f"{pack}.count", "steps=1", "-j")).document()
    number = str(ran["id"])

    listed = (await attune("execution", "list", "--pack", pack, "-j")).document()
    result = (await attune("execution", "result", number, "-j")).document()
    shown = await attune("execution", "show", number)
    logs = await attune("execution", "logs", number)

    assert [each["id"] for each in listed] == [ran["id"]]
    assert result == ran["result"]
    assert result["data"] == {"steps": 1}
    assert f"workflows/execution-{number}" in shown.out
    assert (json.loads(logs.out), logs.err) == ({"steps": 1}, "step 1\n")


async def test_a_rule_made_here_answers_an_event_made_here(
    attune: CommandLine, pack: str
) -> None:
    made = await attune(
        "rule", "create", f"{pack}.counts", "--trigger", f"{pack}.order",
        "--action", f"{pack}.count", "--when", "event.payload.items > 1",
        "--param", "steps={{ event.payload.items }}",
    )  # fmt: skip
    assert made.code == 0, made.err

    one = (await attune("event", "emit", f"{pack}.order", "items=1")).out
    two = (await attune("event", "emit", f"{pack}.order", "items=2")).out

    assert "no rule matched" in one
    assert f"{pack}.counts matched" in two
    (execution,) = (
        await attune("execution", "list", "--rule", f"{pack}.counts", "-j")
    ).document()
    watched = await attune("execution", "watch", str(execution["id"]), "-j")
    assert watched.document()["result"]["data"] == {"steps": 2}


async def test_a_key_is_shown_only_when_asked_and_reaches_what_refers_to_it(
    attune: CommandLine, pack: str, tmp_path: Path
) -> None:
    file = tmp_path / "value"
    file.write_text("2\n")
    ref = f"pack.{pack}.steps"
    made = await attune(
        "key", "create", "steps", "--pack", pack, "--value-file", str(file), "--as-json"
    )
    assert made.out == f"key {ref} created\n", made.err

    masked = await attune("key", "show", ref)
    plain = (await attune("key", "show", ref, "-d", "-j")).document()
    listed = (await attune("key", "list", "--pack", pack, "-j")).document()

    assert "***" in masked.out
    assert plain["value"] == 2
    assert [each["ref"] for each in listed] == [ref]
    rule = await attune(
        "rule", "create", f"{pack}.refers", "--trigger", f"{pack}.order",
        "--action", f"{pack}.count", "--param", "steps={{ keystore.steps }}",
    )  # fmt: skip
    assert rule.code == 0, rule.err
    await attune("event", "emit", f"{pack}.order", "items=1")
    (execution,) = (
        await attune("execution", "list", "--rule", f"{pack}.refers", "-j")
    ).document()
    watched = (
        await attune("execution", "watch", str(execution["id"]), "-j")
    ).document()
    assert watched["result"]["data"] == {"steps": 2}
    assert watched["config"] == {"steps": "***"}


async def test_a_webhook_is_guarded_and_tried_out(
    attune: CommandLine, pack: str, tmp_path: Path
) -> None:
    hook = ("trigger", "webhook")
    secret = tmp_path / "secret"
    secret.write_text("shared between two\n")
    shared = ("--secret-file", str(secret))
    await attune(*hook, "enable", f"{pack}.order")
    await attune(*hook, "configure", f"{pack}.order", "--scheme", "github", *shared)
    await attune("trigger", "update", f"{pack}.order", "--payload-check", "refuse")

    shown = await attune(*hook, "show", f"{pack}.order")
    unsigned = await attune(*hook, "send", f"{pack}.order", "items=1")
    refused = await attune(*hook, "send", f"{pack}.order", "items:=[]", *shared)
    sent = await attune(
        *hook, "send", f"{pack}.order", "items=1", *shared, "--trace-tag", "t", "-j"
    )
    event = await attune("event", "show", str(sent.document()["event_id"]), "-j")

    assert "github, a secret" in shown.out
    assert "shared between two" not in shown.out
    assert "signature is missing" in unsigned.err
    assert "payload.items" in refused.err
    assert event.document()["config"]["verified_by"] == "github"
    assert event.document()["trace_tag"] == "t"


async def test_a_workflow_is_uploaded_drawn_run_changed_and_deleted(
    attune: CommandLine, names: Names, tmp_path: Path
) -> None:
    ref = names.pack()
    file = tmp_path / "greet.yaml"
    file.write_text(GREET.format(action="core.ekko"))
    await attune("pack", "create", ref)

    refused = await attune("workflow", "upload", str(file), "--pack", ref)
    file.write_text(GREET.format(action="core.echo"))
    made = await attune("workflow", "upload", str(file), "--pack", ref)
    again = await attune("workflow", "upload", str(file), "--pack", ref)
    shown = await attune("workflow", "show", f"{ref}.greet")
    ran = await attune("run", f"{ref}.greet", "who=Ada", "-j")
    await attune("workflow", "delete", f"{ref}.greet", "--yes")
    gone = await attune("workflow", "show", f"{ref}.greet")

    assert (refused.code, gone.code) == (2, 1)
    assert "tasks[0].action: there is no action 'core.ekko'" in refused.err
    assert "core.echo" in refused.err
    assert made.out == f"workflow {ref}.greet created\n"
    assert again.out == f"workflow {ref}.greet updated\n"
    assert "● greet  core.echo" in shown.out
    assert ran.code == 0, ran.err
    assert "Hello Ada" in ran.out


async def test_a_wrong_parameter_is_refused_before_anything_runs(
    attune: CommandLine, pack: str
) -> None:
    wrong = await attune("run", f"{pack}.count", "steps=many")
    missing = await attune("run", f"{pack}.count")

    assert (wrong.code, missing.code) == (2, 2)
    assert "steps (integer): how many" in wrong.err
    assert "steps (integer): how many" in missing.err
    assert (await attune("execution", "list", "--pack", pack, "-j")).document() == []


async def test_a_time_limit_ends_with_its_own_exit_code(
    attune: CommandLine, pack: str
) -> None:
    ended = await attune("run", f"{pack}.count", "steps=100", "--timeout", "1")

    assert ended.code == 4
    assert "timed out after 1 seconds" in ended.err


async def test_ctrl_c_cancels_what_runs_when_asked_to(
    attune: CommandLine, pack: str
) -> None:
    process = await attune.start(
        "run", f"{pack}.count", "steps=100", "--cancel-on-interrupt"
    )
    assert process.stderr is not None
    await asyncio.wait_for(process.stderr.readuntil(b"step 2\n"), 30)
    process.send_signal(signal.SIGINT)

    _, err = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 3
    assert b"cancelled" in err
    assert b"Traceback" not in err


async def test_following_survives_the_death_of_the_api(
    attune: CommandLine, pack: str, person: Person
) -> None:
    process = await attune.start("run", f"{pack}.count", "steps=30")
    assert process.stderr is not None
    seen = await asyncio.wait_for(process.stderr.readuntil(b"step 2\n"), 30)

    person.stack.kill("api")
    out, rest = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 0
    assert b'"steps": 30' in out
    steps = [int(each) for each in re.findall(rb"step (\d+)", seen + rest)]
    assert steps == list(range(1, 31))
    await eventually(lambda: person.stack.pid("api"), seconds=30)
    await person.stack.wait_ready("api")
