"""The tutorial, typed as it is written: every file, every command, every answer."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from attune.stack.stack import Stack
from tests.support.documents import ROOT, Block, Command, blocks, commands, named_file

TUTORIAL = ROOT / "docs" / "tutorial.md"
PREPARED = ("make up", ". .venv/bin/activate")
"""Typed by the fixtures of this test."""
MOST_SECONDS = 120
MARK = "@@@"


@pytest.fixture
async def fresh_stack() -> AsyncIterator[Stack]:
    """A stack where nothing was ever run, so that numbers are those of the text."""
    with TemporaryDirectory(prefix="attune-") as directory:
        async with Stack(Path(directory)) as running:
            yield running


def typed_commands() -> list[Command]:
    found = [each for block in _consoles() for each in commands(block)]
    return [each for each in found if each.line not in PREPARED]


def script() -> str:
    """Return what a reader does, with a mark and the exit code after each command."""
    lines: list[str] = []
    for block in blocks(TUTORIAL):
        if file := named_file(block):
            lines += [f"cat > {file} <<'EOF'", block.text.rstrip("\n"), "EOF"]
        elif block.language == "console":
            for command in commands(block):
                if command.line not in PREPARED:
                    lines += [command.line, f'printf "\\n{MARK} $?\\n"']
    return "\n".join(lines)


def _consoles() -> Iterator[Block]:
    return (block for block in blocks(TUTORIAL) if block.language == "console")


async def test_the_tutorial_holds_word_by_word(
    fresh_stack: Stack, tmp_path: Path
) -> None:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "ATTUNE_HOME": str(fresh_stack.directory.root),
    }
    shell = await asyncio.create_subprocess_exec(
        "bash", "-s", stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=environment
    )
    typed = shell.communicate(script().encode())

    output, _ = await asyncio.wait_for(typed, MOST_SECONDS)

    answers = output.decode().split(f"\n{MARK} ")
    assert len(answers) == len(typed_commands()) + 1, output.decode()
    codes = [answer.partition("\n")[0] for answer in answers[1:]]
    shown = [answers[0], *(answer.partition("\n")[2] for answer in answers[1:])]
    for command, text, code in zip(typed_commands(), shown, codes, strict=False):
        missing = command.missing(text)
        assert missing is None, f"$ {command.line}\n{text}\nlacks: {missing}"
        assert (code != "0") is text.startswith("error:"), f"$ {command.line}\n{text}"
