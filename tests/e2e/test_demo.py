"""`attune demo` as a person starts it: it tells the whole story and leaves nothing."""

import asyncio
import re
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from tests.e2e.test_up import alive, attune, environment
from tests.support.eventually import eventually

MOST_SECONDS = 120
STOP_SECONDS = 15
RELEASES_SECONDS = 15

STORY = (
    r"postgres ready in [\d.]+ s",
    r"temporal ready in [\d.]+ s",
    r"worker ready in [\d.]+ s",
    r"API document     http://127\.0\.0\.1:\d+/docs",
    r"Temporal Web UI  http://127\.0\.0\.1:\d+",
    r"actions   .*hello\.greet",
    r"triggers  hello\.visitor",
    r"rules     hello\.greet_visitor",
    r'POST /api/v1/webhooks/wh_[0-9a-f]{32} \{"name": "Ada".*\}',
    r"answered after \d+\.\d{3} s",
    r"\d\.\d{3}  event 1 of trigger hello\.visitor",
    r"\d\.\d{3}  rule hello\.greet_visitor matches: enforcement 1",
    r"\d\.\d{3}  execution 1 of action hello\.greet requested",
    r"\d\.\d{3}  running on worker 1, driven by Temporal's workflow execution-1",
    r"\d\.\d{3}  stderr \| \[1/2\] How do they say hello in French\?",
    r"\d\.\d{3}  completed",
    r'"message": "Bonjour, Ada! Hello, Ada!"',
    r"workflows release\.release",
    r"\$ attune run release\.release service=shop version=1\.5 --no-wait",
    r"\d\.\d{3}  execution 2 requested",
    r"\d\.\d{3}  task deploy_staging completed \(execution 3\)",
    r"execution 2 waits: somebody has to answer inquiry 1: shop 1\.5 is on staging",
    r"\$ attune inquiry respond 1 approved=true comment='Go ahead'",
    r"\d\.\d{3}  task deploy_production completed \(execution 5\)",
    r"Execution 2 of release\.release completed: released",
    r"├─  4 approve +core\.ask +completed",
    r"└─  6 tell +release\.notify +completed",
    r"\d\.\d{3}  task approve timeout \(execution 9\)",
    r"\d\.\d{3}  task roll_back_staging completed \(execution 10\)",
    r"Execution 7 of release\.release completed: expired",
    r"API document     http://127\.0\.0\.1:8080/docs",
    r"All stopped and gone, after \d+ s in all",
)


class Demo:
    """A demonstration that runs as a process of its own."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.text = ""
        self.seen: set[psutil.Process] = set()

    async def read(self, until: Callable[[str], bool] = lambda _: False) -> None:
        """Read on to a line that is looked for, or to the end."""
        assert self.process.stdout
        async for line in self.process.stdout:
            self.text += line.decode()
            with suppress(psutil.NoSuchProcess):
                children = psutil.Process(self.process.pid).children(recursive=True)
                self.seen.update(children)
            if until(line.decode()):
                return

    async def leaves_nothing(self, place: Path) -> None:
        await eventually(lambda: not alive(self.seen), seconds=5)
        assert not files_in(place)


def files_in(place: Path) -> list[Path]:
    return list(place.iterdir())


@pytest.fixture
def place() -> Iterator[Path]:
    """Where temporary directories are made; open to the user of PostgreSQL."""
    with TemporaryDirectory(prefix="attune-") as path:
        Path(path).chmod(0o711)
        yield Path(path)


@pytest.fixture
async def demo(place: Path) -> AsyncIterator[Demo]:
    process = await asyncio.create_subprocess_exec(
        *attune("demo"),
        env={**environment(), "TMPDIR": str(place)},
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    yield Demo(process)
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def test_demo_tells_its_stories_to_the_end(demo: Demo, place: Path) -> None:
    await asyncio.wait_for(demo.read(), MOST_SECONDS)

    assert await demo.process.wait() == 0, demo.text
    for step in STORY:
        assert re.search(step, demo.text), f"{step}\n{demo.text}"
    durations = re.findall(r"([\d.]+)  task tell completed", demo.text)
    assert sum(map(float, durations)) < RELEASES_SECONDS
    names = {each.pid for each in demo.seen}
    assert len(names) > len(("postgres", "temporal", "api", "orchestrator", "worker"))
    await demo.leaves_nothing(place)


async def test_interrupted_demo_stops_everything(demo: Demo, place: Path) -> None:
    await asyncio.wait_for(demo.read(lambda line: "stderr |" in line), MOST_SECONDS)

    demo.process.send_signal(signal.SIGINT)
    await asyncio.wait_for(demo.read(), STOP_SECONDS)

    assert await demo.process.wait() == 130, demo.text
    assert "Traceback" not in demo.text
    await demo.leaves_nothing(place)
