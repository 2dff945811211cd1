"""Upload and download a large artifact, and see that the API's memory stays flat.

python -m tests.faults.large_artifact --megabytes 2048
"""

import argparse
import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil

from attune.stack.stack import Stack
from tests.support.api import Person

MEGABYTE = 1024 * 1024
PIECE = os.urandom(MEGABYTE)
BOUNDARY = "a-boundary-that-is-not-in-the-piece"


async def measure(megabytes: int) -> dict[str, float]:
    """Return seconds up and down, and by how many megabytes memory grew at most."""
    with tempfile.TemporaryDirectory(prefix="attune-large-") as directory:
        async with Stack(Path(directory)) as stack:
            person = Person(stack)
            await person.log_in()
            person.http.timeout = None
            pid = stack.pid("api")
            assert pid is not None
            memory = Memory(pid)
            try:
                async with memory:
                    return await _there_and_back(person, megabytes, memory)
            finally:
                await person.close()


class Memory:
    """The most that a process held beyond what it held at first."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._first = self._now()
        self.grown = 0.0

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._watch())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    def _now(self) -> float:
        return float(self._process.memory_info().rss) / MEGABYTE

    async def _watch(self) -> None:
        while True:
            self.grown = max(self.grown, self._now() - self._first)
            await asyncio.sleep(0.05)


async def _there_and_back(
    person: Person, megabytes: int, memory: Memory
) -> dict[str, float]:
    began = time.monotonic()
    answer = await person.http.post(
        "/api/v1/artifacts/ref/large.file/versions/upload",
        content=_form(megabytes),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )
    assert answer.status_code == 201, answer.text
    version = answer.json()["data"]
    sent = time.monotonic() - began
    digest, size = hashlib.sha256(), 0
    path = f"/api/v1/artifacts/{version['artifact']}/download"
    async with person.http.stream("GET", path) as response:
        async for piece in response.aiter_bytes():
            digest.update(piece)
            size += len(piece)
    assert size == version["size_bytes"] == megabytes * MEGABYTE
    assert digest.hexdigest() == version["sha256"]
    received = time.monotonic() - began - sent
    return {"up": sent, "down": received, "grown": memory.grown}


async def _form(megabytes: int) -> AsyncIterator[bytes]:
    yield (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; '
        'filename="large.bin"\r\nContent-Type: application/octet-stream\r\n\r\n'
    ).encode()
    for _ in range(megabytes):
        yield PIECE
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2048)
    megabytes = parser.parse_args().megabytes
    found = asyncio.run(measure(megabytes))
    print(  # noqa: T201 - a script
        f"{megabytes} MB: up {found['up']:.1f} s, down {found['down']:.1f} s, "
        f"the API grew by at most {found['grown']:.0f} MB"
    )


if __name__ == "__main__":
    main()
