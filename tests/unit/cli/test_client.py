import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from attune.cli.client import ApiClient
from attune.cli.connection import Connection, Credentials
from attune.cli.errors import CommandError, Refused, Unreachable
from attune.cli.exit_code import ExitCode
from tests.unit.cli.fake_api import Answer, FakeApi, data, error, event, page, stream

PAIR = {"access_token": "new", "refresh_token": "R2", "token_type": "Bearer"}


@pytest.fixture
def saved() -> list[Credentials]:
    return []


@pytest.fixture
def credentials() -> Credentials:
    return Credentials("old", "R1", saved=True)


@pytest.fixture
def client(
    api: FakeApi, saved: list[Credentials], credentials: Credentials
) -> Iterator[ApiClient]:
    connection = Connection("http://server", "default", credentials)
    client = ApiClient(connection, transport=api.transport, renewed=saved.append)
    yield client
    client.close()


def _authorization(request: httpx.Request) -> str | None:
    value = request.headers.get("authorization")
    return str(value) if value else None


def _accepting(token: str) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        if _authorization(request) == f"Bearer {token}":
            return httpx.Response(200, json=data(id=1))
        return error(401, "expired")

    return answer


def test_the_envelope_is_taken_off(client: ApiClient, api: FakeApi) -> None:
    api.on("GET", "/enveloped", data(id=1))
    api.on("GET", "/both", {"id": 1, "data": {"id": 1}})
    api.on("GET", "/bare", {"id": 1})

    assert [client.get(path) for path in ("/enveloped", "/both", "/bare")] == [
        {"id": 1}
    ] * 3


def test_an_answer_without_a_body_is_nothing(client: ApiClient, api: FakeApi) -> None:
    api.on("DELETE", "/x", httpx.Response(204))

    assert client.delete("/x") == {}


def test_a_filter_that_is_not_given_is_not_sent(
    client: ApiClient, api: FakeApi
) -> None:
    api.on("GET", "/x", data(id=1))

    client.get("/x", {"a": None, "b": 2})

    assert str(api.requests[0].url.query, "ascii") == "b=2"


def test_pages_are_read_until_the_limit(client: ApiClient, api: FakeApi) -> None:
    items = [{"id": number} for number in range(100)]
    api.on("GET", "/x", page(*items, has_next=True))

    found = list(client.items("/x", {"q": "a"}, 150))

    assert len(found) == 150
    assert [dict(request.url.params) for request in api.requests] == [
        {"q": "a", "page": "1", "page_size": "100"},
        {"q": "a", "page": "2", "page_size": "100"},
    ]


@pytest.mark.parametrize(
    "body",
    [
        page({"id": 1}),
        {"data": [{"id": 1}]},
        {"items": [{"id": 1}]},
    ],
)
def test_a_list_ends_where_the_server_says(
    client: ApiClient, api: FakeApi, body: dict[str, object]
) -> None:
    api.on("GET", "/x", body)

    assert list(client.items("/x", {}, 50)) == [{"id": 1}]
    assert len(api.requests) == 1


def test_an_empty_page_ends_a_list_that_claims_to_go_on(
    client: ApiClient, api: FakeApi
) -> None:
    api.on("GET", "/x", page(has_next=True))

    assert list(client.items("/x", {}, 50)) == []


def test_an_expired_token_is_renewed_once_and_saved(
    client: ApiClient, api: FakeApi, saved: list[Credentials]
) -> None:
    api.on("GET", "/x", _accepting("new"))
    api.on("POST", "/auth/refresh", data(**PAIR))

    assert client.get("/x") == {"id": 1}
    assert api.body("POST", "/auth/refresh") == {"refresh_token": "R1"}
    assert _authorization(api.calls("POST", "/auth/refresh")[0]) is None
    assert [(each.access_token, each.refresh_token) for each in saved] == [
        ("new", "R2")
    ]


def test_a_renewed_token_that_is_refused_is_not_renewed_again(
    client: ApiClient, api: FakeApi
) -> None:
    api.on("GET", "/x", error(401, "no"))
    api.on("POST", "/auth/refresh", data(**PAIR))

    with pytest.raises(Refused, match="attune login"):
        client.get("/x")

    assert len(api.calls("GET", "/x")) == 2
    assert len(api.calls("POST", "/auth/refresh")) == 1


def test_threads_that_are_refused_together_renew_once(
    client: ApiClient, api: FakeApi
) -> None:
    together = threading.Barrier(4)

    def answer(request: httpx.Request) -> httpx.Response:
        if _authorization(request) == "Bearer old":
            together.wait(5)
            return error(401, "expired")
        return httpx.Response(200, json=data(id=1))

    api.on("GET", "/x", answer)
    api.on("POST", "/auth/refresh", data(**PAIR))

    threads = [threading.Thread(target=client.get, args=("/x",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert len(api.calls("POST", "/auth/refresh")) == 1
    assert len(api.calls("GET", "/x")) == 8


@pytest.mark.parametrize("credentials", [Credentials()])
def test_without_a_login_a_401_says_what_to_do(client: ApiClient, api: FakeApi) -> None:
    api.on("GET", "/x", error(401, "who?"))

    with pytest.raises(Refused) as refused:
        client.get("/x")

    assert refused.value.message == "not logged in to http://server: run `attune login`"
    assert len(api.requests) == 1


@pytest.mark.parametrize("credentials", [Credentials(login="ci", password="p")])
def test_login_and_password_of_the_environment_log_in(
    client: ApiClient, api: FakeApi, saved: list[Credentials]
) -> None:
    api.on("GET", "/x", _accepting("new"))
    api.on("POST", "/auth/login", data(**PAIR))

    assert client.get("/x") == {"id": 1}
    assert api.body("POST", "/auth/login") == {"login": "ci", "password": "p"}
    assert not saved[0].saved


def test_an_upload_is_sent_again_from_its_beginning(
    client: ApiClient, api: FakeApi
) -> None:
    bodies = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        if _authorization(request) == "Bearer old":
            return error(401, "expired")
        return httpx.Response(201, json=data(pack={"ref": "demo"}))

    api.on("POST", "/up", answer)
    api.on("POST", "/auth/refresh", data(**PAIR))

    client.upload("/up", io.BytesIO(b"archive"), "demo.tar.gz", {"force": "true"})

    assert [body.count(b"archive") for body in bodies] == [1, 1]
    assert all(b'name="pack"; filename="demo.tar.gz"' in body for body in bodies)
    assert all(b'name="force"\r\n\r\ntrue' in body for body in bodies)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (httpx.ConnectError("refused"), "is it running? try `attune up`"),
        (httpx.ConnectTimeout("slow"), "is it running?"),
        (httpx.ReadTimeout("slow"), "did not answer in time"),
        (httpx.RemoteProtocolError("closed"), "connection to http://server broke"),
    ],
)
def test_a_server_that_does_not_answer_is_unreachable(
    client: ApiClient, api: FakeApi, failure: Exception, words: str
) -> None:
    api.on("GET", "/x", failure)

    with pytest.raises(Unreachable) as lost:
        client.get("/x")

    assert words in lost.value.message
    assert lost.value.code is ExitCode.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ExitCode.USAGE),
        (403, ExitCode.FAILED),
        (404, ExitCode.FAILED),
        (409, ExitCode.FAILED),
        (413, ExitCode.USAGE),
        (422, ExitCode.USAGE),
        (429, ExitCode.FAILED),
        (500, ExitCode.FAILED),
        (503, ExitCode.UNREACHABLE),
    ],
)
def test_a_refusal_has_its_text_and_an_exit_code(
    client: ApiClient, api: FakeApi, status: int, code: ExitCode
) -> None:
    api.on("GET", "/x", error(status, "the reason"))

    with pytest.raises(Refused) as refused:
        client.get("/x")

    assert "the reason" in refused.value.message
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("details", "bullets"),
    [
        ({"problems": ["a: is wrong", "b: too"]}, ["a: is wrong", "b: too"]),
        ([{"field": "body.ref", "message": "missing"}], ["body.ref: missing"]),
        ([{"message": "odd"}], ["odd"]),
        ({"needs": "x"}, []),
        (None, []),
    ],
)
def test_problems_become_bullets(
    client: ApiClient, api: FakeApi, details: object, bullets: list[str]
) -> None:
    api.on("GET", "/x", error(422, "not valid", details=details))

    with pytest.raises(Refused) as refused:
        client.get("/x")

    assert refused.value.bullets == bullets


def test_the_other_shape_of_an_error_is_read_as_well(
    client: ApiClient, api: FakeApi
) -> None:
    body = {"error": {"code": 403, "message": "not you"}}
    api.on("GET", "/x", httpx.Response(403, json=body))

    with pytest.raises(Refused, match="not you"):
        client.get("/x")


def test_what_is_no_api_is_said_to_be_none(client: ApiClient, api: FakeApi) -> None:
    api.on("GET", "/page", httpx.Response(200, html="<p>hello"))
    api.on("GET", "/missing", httpx.Response(404, html="<p>no"))

    with pytest.raises(CommandError, match="is it the API of Attune"):
        client.get("/page")
    with pytest.raises(CommandError, match="is it Attune"):
        client.get("/missing")


def test_events_are_read_and_what_breaks_them_is_unreachable(
    client: ApiClient, api: FakeApi
) -> None:
    api.on("GET", "/s", stream(event("append", "a"), httpx.ReadError("gone")))

    with client.events("/s") as events:
        assert next(events).data == "a"
        with pytest.raises(Unreachable):
            next(events)


def test_a_stream_that_is_refused_says_why(client: ApiClient, api: FakeApi) -> None:
    api.on("GET", "/s", error(404, "execution '9' not found"))
    api.on("GET", "/json", data(id=1))

    with pytest.raises(Refused, match="'9' not found"), client.events("/s"):
        pass
    with pytest.raises(Refused, match="not with events"), client.events("/json"):
        pass


def test_requests_are_shown_without_their_secrets(api: FakeApi) -> None:
    said: list[str] = []
    client = ApiClient(
        Connection("http://server", "p", Credentials("secret-token")),
        transport=api.transport,
        verbose=said.append,
    )
    api.on("GET", "/x", data(id=1))

    client.get("/x", {"q": "private"})
    client.close()

    assert said[0].startswith("GET /x 200")
    assert "secret-token" not in said[0]
    assert "private" not in said[0]


@pytest.mark.parametrize(
    ("record", "hint"),
    [
        ({"api_url": "http://127.0.0.1:9", "state": "ready"}, "http://127.0.0.1:9"),
        ({"api_url": "http://127.0.0.1:9", "state": "stopped"}, "attune up"),
        (None, "attune up"),
    ],
)
def test_a_server_that_is_not_there_has_a_hint(
    client: ApiClient, api: FakeApi, home: Path, record: object, hint: str
) -> None:
    api.on("GET", "/x", httpx.ConnectError("refused"))
    if record is not None:
        (home / "stack").mkdir()
        (home / "stack" / "stack.json").write_text(json.dumps(record))

    with pytest.raises(Unreachable) as error:
        client.get("/x")

    assert hint in error.value.message
