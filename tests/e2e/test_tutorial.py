"""Documents typed as they are written: every file, every command, every answer."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from attune.stack.stack import Stack
from tests.support.documents import ROOT, blocks
from tests.support.reader import Reader

DOCUMENTS = ("tutorial", "approvals", "sensors")


@pytest.fixture(scope="module")
async def fresh_stack() -> AsyncIterator[Stack]:
    """A stack that only readers use, so that numbers are those of the text."""
    with TemporaryDirectory(prefix="attune-") as directory:
        async with Stack(Path(directory)) as running:
            yield running


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_holds_word_by_word(
    fresh_stack: Stack, tmp_path: Path, name: str
) -> None:
    async with Reader.at(fresh_stack, tmp_path) as reader:
        for block in blocks(ROOT / "docs" / f"{name}.md"):
            await reader.follow(block)
