from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.cli.stub_server import SCHEMA, StubServer, stub_server
from tests.integration.cli.terminal import COLUMNS, Terminal

CTRL_C = "\x03"

Open = Callable[..., Terminal]


@pytest.fixture
def server() -> Iterator[StubServer]:
    with stub_server() as server:
        yield server


@pytest.fixture
def on_terminal(server: StubServer, tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def open_terminal(*arguments: str) -> Terminal:
        opened.append(Terminal(tmp_path, server.url, *arguments))
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.close()


def test_an_execution_is_shown_moving_until_it_ends(
    on_terminal: Open, server: StubServer
) -> None:
    terminal = on_terminal("run", "demo.say")
    terminal.read_until("first line")
    terminal.read_until("execution 7 · demo.say · running · 1 s")
    server.end("completed")

    assert terminal.end() == 0
    assert terminal.shown.endswith("execution 7 completed\r\n")


def test_missing_parameters_are_asked_for_and_secrets_are_not_shown(
    on_terminal: Open, server: StubServer
) -> None:
    server.schema = {**SCHEMA, "count": {"type": "integer", "required": True}}
    server.end("completed")
    terminal = on_terminal("run", "demo.say")
    terminal.read_until("name (string): whom to greet:")
    terminal.type("Ada\n")
    terminal.read_until("token (string): ")
    terminal.type("s3cret\n")
    terminal.read_until("count (integer)")
    terminal.type("many\n")
    terminal.read_until("'many' is not a whole number")
    terminal.type("3\n")

    assert terminal.end() == 0
    assert server.requested["parameters"] == {
        "name": "Ada",
        "token": "s3cret",
        "count": 3,
    }
    assert "s3cret" not in terminal.shown


def test_an_inquiry_is_answered_field_by_field_until_the_answer_fits(
    on_terminal: Open, server: StubServer
) -> None:
    server.schema = {
        "approved": {"type": "boolean", "required": True, "description": "Go on?"},
        "stage": {"type": "string", "enum": ["test", "live"], "required": True},
        "replicas": {"type": "integer", "default": 2, "maximum": 9},
        "pin": {"type": "string", "secret": True},
        "comment": {"type": "string"},
    }
    refusal = {"details": {"problems": ["response.stage: not on a Friday"]}}
    server.refusals = [{"error": "The answer does not fit", **refusal}]
    terminal = on_terminal("inquiry", "respond", "5")
    terminal.read_until("execution 7 asks: Ship")
    for question, typed in (
        ("approved (yes or no): Go on?: ", ""),
        ("approved (yes or no): Go on?: ", "maybe"),
        ("neither true nor false", "yes"),
        ("stage (string; one of test, live): ", "nowhere"),
        ("must be one of test, live", "live"),
        ("replicas (integer; optional) [2]: ", "10"),
        ("must be at most 9", ""),
        ("pin (string; optional): ", "4711"),
        ("comment (string; optional): ", ""),
        ("response.stage: not on a Friday", ""),
        ("stage (string; one of test, live) [live]: ", "test"),
        ("replicas (integer; optional) [2]: ", ""),
        ("pin (string; optional): ", "4711"),
        ("comment (string; optional): ", ""),
    ):
        terminal.read_on(question)
        terminal.type(f"{typed}\n")

    assert terminal.end() == 0
    answer = {"approved": True, "stage": "test", "replicas": 2, "pin": "4711"}
    assert server.requested == {"response": answer}
    assert "4711" not in terminal.shown
    assert terminal.shown.endswith("inquiry 5 is answered\r\n")


def test_an_answer_of_any_shape_is_asked_for_as_json(
    on_terminal: Open, server: StubServer
) -> None:
    terminal = on_terminal("inquiry", "respond", "5")
    terminal.read_on("response (as JSON) [{}]: ")
    terminal.type("[1]\n")
    terminal.read_on("not a JSON object")
    terminal.type('{"go": true}\n')

    assert terminal.end() == 0
    assert server.requested == {"response": {"go": True}}


def test_ctrl_c_asks_and_a_no_leaves_the_execution_running(
    on_terminal: Open, server: StubServer
) -> None:
    terminal = on_terminal("run", "demo.say")
    terminal.read_until("first line")
    terminal.type(CTRL_C)
    terminal.read_until("Cancel execution 7?")
    terminal.type("n\n")

    assert terminal.end() == 130
    assert "`attune execution watch 7`" in terminal.shown
    assert "Traceback" not in terminal.shown
    assert not server.cancelled.is_set()


def test_ctrl_c_and_yes_cancels_and_reports_the_outcome(
    on_terminal: Open, server: StubServer
) -> None:
    terminal = on_terminal("execution", "watch", "7")
    terminal.read_until("first line")
    terminal.type(CTRL_C)
    terminal.read_until("Cancel execution 7?")
    terminal.type("y\n")

    assert terminal.end() == 3
    assert server.cancelled.is_set()


def test_ctrl_c_twice_detaches(on_terminal: Open, server: StubServer) -> None:
    terminal = on_terminal("run", "demo.say")
    terminal.read_until("first line")
    terminal.type(CTRL_C)
    terminal.read_until("Cancel execution 7?")

    assert terminal.type_until_end(CTRL_C) == 130
    assert "Traceback" not in terminal.shown
    assert not server.cancelled.is_set()


def test_ctrl_c_while_asking_for_a_parameter_ends_the_command(
    on_terminal: Open, server: StubServer
) -> None:
    server.schema = SCHEMA
    terminal = on_terminal("run", "demo.say")
    terminal.read_until("whom to greet")

    assert terminal.type_until_end(CTRL_C) != 0
    assert "Traceback" not in terminal.shown
    assert not server.requested


def test_both_passwords_are_asked_for_and_not_shown(
    on_terminal: Open, server: StubServer
) -> None:
    terminal = on_terminal("auth", "change-password")
    for question, answer in (
        ("Current password: ", "of-now"),
        ("New password: ", "to-come"),
        ("Repeat for confirmation: ", "to-come"),
    ):
        terminal.read_until(question)
        terminal.type(f"{answer}\n")

    assert terminal.end() == 0
    assert server.requested == {
        "current_password": "of-now",
        "new_password": "to-come",
    }
    assert "of-now" not in terminal.shown
    assert "to-come" not in terminal.shown


def test_a_table_fits_the_terminal_and_keeps_refs_whole(on_terminal: Open) -> None:
    terminal = on_terminal("action", "list")

    assert terminal.end() == 0
    head, *rows = terminal.shown.splitlines()
    assert head.split() == ["REF", "LABEL", "RUNTIME", "ENABLED", "DESCRIPTION"]
    assert len(rows) == 2
    assert all(row.startswith("demo.a_rather_long_name  ") for row in rows)
    assert all(len(row) <= COLUMNS for row in (head, *rows))
