import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from attune.cli.client import ApiClient
from attune.cli.connection import Connection, Credentials
from attune.cli.errors import Refused, Unreachable
from attune.cli.follow import Follower, Pace
from attune.cli.progress import Progress
from attune.cli.screen import QuietScreen
from tests.unit.cli.fake_api import FakeApi, data, error, event, stream

EXECUTION = "/api/v1/executions/7"
CHANGES = "/api/v1/executions/stream"
STDOUT = f"{EXECUTION}/logs/stdout/stream"
STDERR = f"{EXECUTION}/logs/stderr/stream"

BRISK = Pace(tick=0.01, poll=0.01, look=10, retry=0.01, retry_most=0.02, drain=5)


class Recorder(QuietScreen):
    """Keeps what a person would have seen."""

    def __init__(self) -> None:
        self.statuses: list[str] = []
        self.text = {"stdout": "", "stderr": ""}
        self.notes: list[str] = []

    def status(self, execution: dict[str, Any]) -> None:
        if execution["status"] not in self.statuses[-1:]:
            self.statuses.append(execution["status"])

    def output(self, stream: str, text: str) -> None:
        self.text[stream] += text

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def screen() -> Recorder:
    return Recorder()


@pytest.fixture
def client(api: FakeApi) -> Iterator[ApiClient]:
    connection = Connection("http://server", "default", Credentials("token"))
    client = ApiClient(connection, transport=api.transport)
    yield client
    client.close()


def _is(status: str, **more: Any) -> dict[str, Any]:
    return {"id": 7, "action_ref": "a.b", "status": status, **more}


def _follow(
    client: ApiClient, screen: Recorder, pace: Pace = BRISK, **options: Any
) -> dict[str, Any]:
    first = _is("requested")
    with Follower(client, first, screen, pace=pace, **options) as follower:
        return follower.wait()


def _no_output(api: FakeApi) -> None:
    for path in (STDOUT, STDERR):
        api.on("GET", path, stream(event("done")))


def test_changes_of_status_are_shown_as_they_are_announced(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    _no_output(api)
    status = "requested"
    seen = {name: threading.Event() for name in ("requested", "running", "completed")}

    def look(_: httpx.Request) -> httpx.Response:
        seen[status].set()
        return httpx.Response(200, json=data(**_is(status)))

    def changes() -> Iterator[bytes]:
        nonlocal status
        yield b": hello\n\n"
        for status, looked in seen.items():
            yield event("message", f'{{"status": "{status}"}}')
            assert looked.wait(5)

    headers = {"content-type": "text/event-stream"}
    api.on("GET", EXECUTION, look)
    api.on(
        "GET",
        CHANGES,
        lambda _: httpx.Response(200, headers=headers, content=changes()),
    )

    _follow(client, screen)

    assert screen.statuses == ["requested", "running", "completed"]
    assert str(api.calls("GET", CHANGES)[0].url.query, "ascii") == "execution_id=7"


def test_both_outputs_are_shown_whole_even_when_they_come_late(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    api.on("GET", EXECUTION, data(**_is("completed")))
    api.on("GET", CHANGES, stream(threading.Event()))
    api.on(
        "GET",
        STDOUT,
        stream(
            event("waiting"),
            event("content", "one\n", 4),
            event("append", "two\n", 8),
            event("done", "", 8),
        ),
    )
    api.on("GET", STDERR, stream(event("content", "warning\n", 8), event("done")))

    _follow(client, screen)

    assert screen.text == {"stdout": "one\ntwo\n", "stderr": "warning\n"}


def test_output_goes_on_at_the_byte_where_the_connection_broke(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    api.on("GET", EXECUTION, data(**_is("completed")))
    api.on("GET", CHANGES, stream(threading.Event()))
    api.on("GET", STDERR, stream(event("done")))
    api.on(
        "GET",
        STDOUT,
        stream(event("content", "grün", 5), httpx.ReadError("broke")),
        httpx.ConnectError("not yet"),
        stream(event("append", " und", 9)),
        stream(event("append", " blau", 14), event("done")),
    )

    _follow(client, screen)

    assert screen.text["stdout"] == "grün und blau"
    offsets = [request.url.params["offset"] for request in api.calls("GET", STDOUT)]
    assert offsets == ["0", "5", "5", "9"]


def test_without_ids_the_bytes_are_counted(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    api.on("GET", EXECUTION, data(**_is("completed")))
    api.on("GET", CHANGES, stream(threading.Event()))
    api.on("GET", STDERR, stream(event("done")))
    api.on(
        "GET",
        STDOUT,
        stream(event("content", "grün")),
        stream(event("done")),
    )

    _follow(client, screen)

    assert api.calls("GET", STDOUT)[-1].url.params["offset"] == "5"


@pytest.mark.parametrize("status", [404, 405, 501])
def test_without_a_stream_the_execution_is_asked_for(
    client: ApiClient, api: FakeApi, screen: Recorder, status: int
) -> None:
    api.on("GET", CHANGES, error(status, "no stream"))
    api.on(
        "GET",
        EXECUTION,
        data(**_is("requested")),
        data(**_is("running")),
        data(**_is("failed")),
    )

    ended = _follow(client, screen, streams=())

    assert ended["status"] == "failed"
    assert screen.statuses == ["requested", "running", "failed"]


def test_a_lost_server_is_mentioned_once_and_found_again(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    lost = httpx.ConnectError("refused")
    api.on("GET", CHANGES, lost)
    api.on("GET", EXECUTION, lost, lost, lost, data(**_is("completed")))

    ended = _follow(client, screen, streams=())

    assert ended["status"] == "completed"
    assert len(screen.notes) == 1
    assert "cannot reach" in screen.notes[0]


def test_a_server_that_stays_away_ends_the_patience(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    api.on("GET", CHANGES, httpx.ConnectError("refused"))
    api.on("GET", EXECUTION, httpx.ConnectError("refused"))
    pace = Pace(tick=0.01, poll=0.01, retry=0.01, patience=0.1)

    with pytest.raises(Unreachable, match="attune execution watch 7"):
        _follow(client, screen, pace, streams=())


def test_an_execution_that_may_not_be_seen_any_more_ends_following(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    api.on("GET", CHANGES, stream(threading.Event()))
    api.on("GET", EXECUTION, error(404, "execution '7' not found"))

    with pytest.raises(Refused, match="not found"):
        _follow(client, screen, streams=())


def test_output_that_is_refused_does_not_end_following(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    api.on("GET", CHANGES, stream(threading.Event()))
    api.on("GET", EXECUTION, data(**_is("completed")))
    api.on("GET", STDOUT, error(403, "not for you"))
    api.on("GET", STDERR, stream(event("error", "the disk is gone")))

    ended = _follow(client, screen)

    assert ended["status"] == "completed"
    assert sorted(screen.notes) == [
        "no stderr: the disk is gone",
        "no stdout: not for you",
    ]


def test_output_that_never_ends_is_not_waited_for_for_ever(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    forever = threading.Event()
    api.on("GET", CHANGES, stream(threading.Event()))
    api.on("GET", EXECUTION, data(**_is("completed")))
    api.on("GET", STDOUT, stream(event("content", "a", 1), forever))
    api.on("GET", STDERR, stream(event("done")))
    pace = Pace(tick=0.01, poll=0.01, drain=0.1)

    ended = _follow(client, screen, pace)
    forever.set()

    assert ended["status"] == "completed"


def test_waiting_can_be_interrupted_and_taken_up_again(
    client: ApiClient, api: FakeApi
) -> None:
    over = threading.Event()
    api.on("GET", CHANGES, error(404, "no stream"))
    api.on(
        "GET",
        EXECUTION,
        lambda _: httpx.Response(
            200, json=data(**_is("cancelled" if over.is_set() else "running"))
        ),
    )

    class Impatient(Recorder):
        def tick(self) -> None:
            if not over.is_set():
                raise KeyboardInterrupt

    pace = Pace(tick=0.01, poll=0.05)
    with Follower(
        client, _is("running"), Impatient(), streams=(), pace=pace
    ) as follower:
        with pytest.raises(KeyboardInterrupt):
            follower.wait()
        over.set()
        ended = follower.wait()

    assert ended["status"] == "cancelled"


def test_progress_of_the_execution_is_shown(
    client: ApiClient, api: FakeApi, screen: Recorder
) -> None:
    seen = threading.Event()
    api.on("GET", f"{EXECUTION}/artifacts", {"data": [{"id": 3, "type": "progress"}]})
    api.on("GET", "/api/v1/artifacts/3", data(data=[{"percent": 40}]))
    api.on(
        "GET",
        EXECUTION,
        lambda _: httpx.Response(
            200, json=data(**_is("completed" if seen.is_set() else "running"))
        ),
    )
    shown: list[str] = []

    def show(progress: Progress) -> None:
        shown.append(str(progress))
        seen.set()

    screen.progress = show  # type: ignore[method-assign]  # a spy on one instance
    pace = Pace(tick=0.01, poll=0.01, look=0.01, progress=0.01, retry=0.01, drain=1)

    ended = _follow(client, screen, pace)

    assert shown == ["40 %"]
    assert ended["status"] == "completed"
