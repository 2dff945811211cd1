"""A stack, and the published client that is logged in to it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from attune.stack.stack import Stack
from tests.e2e.conftest import Names
from tests.sdk.sdk import Sdk
from tests.support.api import Person

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
async def sdk_python() -> Path:
    """The interpreter of the SDK's environment, which is made when it is missing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, ROOT / "tools" / "sdk_venv.py"),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, "the environment of the SDK cannot be made"
    return Path(output.decode().strip())


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[Stack]:
    """All processes, with data in a directory that goes away."""
    # Not below pytest's directory, which another run closes to PostgreSQL's user.
    with TemporaryDirectory(prefix="attune-sdk-") as directory:
        async with Stack(Path(directory)) as running:
            yield running


@pytest.fixture(scope="package")
async def sdk(stack: Stack, sdk_python: Path) -> AsyncIterator[Sdk]:
    """The published client of the administrator, once a worker is there."""
    person = Person(stack)
    await person.log_in()
    await person.worker_is_there()
    await person.close()
    async with Sdk(sdk_python, stack.api_url) as client:
        await client.log_in("admin", stack.admin_password)
        yield client


@pytest.fixture(scope="session")
def names() -> Names:
    """Names that no other test uses."""
    return Names()


@pytest.fixture
async def pack(sdk: Sdk, names: Names) -> str:
    """A pack without anything in it."""
    ref = names.pack()
    body = {"ref": ref, "label": ref, "version": "1.0.0"}
    await sdk.data("packs.create_pack", body=body)
    return ref
