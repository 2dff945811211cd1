"""Somebody new, by typed commands: refused, allowed, frozen."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from tests.e2e.conftest import Names
from tests.support.api import Person
from tests.support.eventually import eventually

PASSWORD = "a long enough passphrase"


class Shell:
    """`attune` in the home of one person."""

    def __init__(self, home: Path, person: Person) -> None:
        home.mkdir()
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ATTUNE_HOME": str(home),
            "ATTUNE_API_URL": person.stack.api_url,
        }

    async def __call__(self, *words: str, stdin: str = "") -> tuple[int, str]:
        """Return the exit code and all that was said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "attune", *words),
            env=self._environment,
            cwd=Path(__file__).parents[2],
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 60)
        return process.returncode or 0, (out + err).decode()

    async def does(self, *words: str, stdin: str = "") -> str:
        code, said = await self(*words, stdin=stdin)
        assert code == 0, said
        return said


async def test_a_person_is_made_given_rights_and_frozen(
    person: Person, names: Names, tmp_path: Path
) -> None:
    admin, ann = Shell(tmp_path / "admin", person), Shell(tmp_path / "ann", person)
    login = f"ann-{names.pack()}"
    secret = f"{person.stack.admin_password}\n"
    await admin.does("login", "admin", "--password-stdin", stdin=secret)
    made = ["identity", "create", login, "--password-stdin"]
    await admin.does(*made, stdin=f"{PASSWORD}\n")
    await admin.does("permission", "role", "add", f"{login}-role", "core.viewer")
    await admin.does("identity", "role", "add", login, f"{login}-role")
    await ann.does("login", login, "--password-stdin", stdin=f"{PASSWORD}\n")

    code, said = await ann("run", "core.echo", "message=hello")
    assert code == 1
    assert "403 forbidden" in said

    await admin.does("permission", "assign", login, "core.executor")

    async def runs() -> bool:
        return (await ann("run", "core.echo", "message=hello"))[0] == 0

    await eventually(runs, seconds=60)
    token = (await ann.does("auth", "token", "create", "ci")).splitlines()[0]

    await admin.does("identity", "freeze", login)

    async def refused() -> bool:
        code, said = await ann("action", "list")
        return code == 1 and "frozen" in said

    await eventually(refused, seconds=60)
    for words, stdin in (
        (["auth", "token-login"], token),
        (["login", login, "--password-stdin"], PASSWORD),
        (["auth", "whoami"], ""),
    ):
        assert (await ann(*words, stdin=f"{stdin}\n"))[0] == 1, words
