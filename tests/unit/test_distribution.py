"""Tests that share a stack run in one process, and what is named for it exists."""

from pathlib import Path

import pytest

from tests.support.distribution import APART, STACKS, scope_of

ROOT = Path(__file__).parents[2]
DOCUMENT = "tests/integration/api/test_document.py"


@pytest.mark.parametrize(
    ("test", "scope"),
    [
        ("tests/e2e/test_cancel.py::test_it[worker]", "tests/e2e"),
        ("tests/sdk/test_auth.py::test_it", "tests/sdk"),
        ("tests/e2e/test_up.py::test_it", "tests/e2e/test_up.py"),
        ("tests/unit/db/test_url.py::test_it", "tests/unit/db/test_url.py"),
        (f"{DOCUMENT}::test_it[code]", f"{DOCUMENT}::test_it[code]"),
    ],
)
def test_a_folder_with_a_stack_stays_together(test: str, scope: str) -> None:
    assert scope_of(test) == scope


def test_what_is_named_exists() -> None:
    assert all((ROOT / place).exists() for place in (*STACKS, *APART))


def test_a_file_that_starts_a_stack_is_named() -> None:
    folders = [ROOT / place for place in STACKS if (ROOT / place).is_dir()]
    files = [file for folder in folders for file in folder.glob("test_*.py")]

    starting = {
        str(file.relative_to(ROOT))
        for file in files
        if "async with Stack(" in file.read_text()
    }

    assert starting <= set(STACKS)
