"""Somebody who types a document into a shell, line by line, and looks at the answers."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from attune.stack.stack import Stack
from tests.support.documents import ROOT, Block, Command, commands, named_file

MARK = "@@@"
MOST_BYTES = 2**20
ANSWER_SECONDS = 60
PATIENCE_SECONDS = 90
PREPARED = ("make up", ". .venv/bin/activate")
"""Done before a reader begins."""

_LOOKS = re.compile(r"attune \w+ (list|show|tasks)\b")
_NUMBERED = re.compile(r"(attune execution \w+ (?:--parent )?)(\d+)")
_FAILURE = re.compile(r"^error:|^execution \d+ failed", re.MULTILINE)


class Reader:
    """A person whose home has nothing but the examples of the checkout."""

    def __init__(self, shell: Process) -> None:
        self._shell = shell
        self._execution_count = 0

    @classmethod
    @asynccontextmanager
    async def at(cls, stack: Stack, home: Path) -> AsyncIterator[Self]:
        (home / "examples").symlink_to(ROOT / "examples")
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-s"),
            cwd=home,
            env={
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(home),
                "ATTUNE_HOME": str(stack.directory.root),
            },
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            limit=MOST_BYTES,
        )
        reader = cls(shell)
        await reader._log_in_and_count()
        yield reader
        assert shell.stdin
        shell.stdin.close()
        await shell.wait()

    async def follow(self, block: Block) -> None:
        """Do what the block says, and find what it shows."""
        if file := named_file(block):
            await self._type(f"cat > {file} <<'EOF'\n{block.text.rstrip()}\nEOF")
        elif block.language == "console":
            for command in commands(block):
                if command.line not in PREPARED:
                    await self._try(command)

    async def _log_in_and_count(self) -> None:
        """Find how many executions were there before: numbers are higher by these."""
        newest = "attune execution list --limit 1 --output json"
        text, _ = await self._type(f"attune login >&2 && {newest}")
        found = re.search(r'"id": (\d+)', text)
        self._execution_count = int(found[1]) if found else 0

    async def _try(self, command: Command) -> None:
        """Type the command, and once more where it shows what is not yet there."""
        line = _NUMBERED.sub(self._number, command.line)
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        text, code = await self._type(line)
        while _LOOKS.match(line) and command.missing(text) is not None:
            if asyncio.get_running_loop().time() > until:
                break
            text, code = await self._type(line)
        missing = command.missing(text)
        assert missing is None, f"$ {line}\n{text}\nlacks: {missing}"
        fails = _FAILURE.search("\n".join(command.output)) is not None
        assert (code != 0) is fails, f"$ {line}\n{text}\nexit code {code}"

    def _number(self, found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) + self._execution_count}"

    async def _type(self, lines: str) -> tuple[str, int]:
        """Return what the lines print, and the exit code of the last one."""
        assert self._shell.stdin
        assert self._shell.stdout
        typed = f"{lines}\nprintf '\\n{MARK} %s\\n' $?\n"
        self._shell.stdin.write(typed.encode())
        read = self._shell.stdout.readuntil(f"\n{MARK} ".encode())
        output = await asyncio.wait_for(read, ANSWER_SECONDS)
        code = int(await self._shell.stdout.readline())
        return output.decode().rpartition(f"\n{MARK} ")[0], code
