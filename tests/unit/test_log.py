"""Log lines: one an event, with their fields, and quiet where secrets would pass."""

import json
import logging
from collections.abc import Iterator

import pytest

from attune.log import set_up_logging


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_json_line_has_the_message_and_the_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging("info", "json", part="api")

    logging.getLogger("attune.test").info("stored", extra={"execution_id": 7})

    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "part": "api",
        "logger": "attune.test",
        "message": "stored",
        "execution_id": 7,
    }


def test_json_line_stays_one_line_with_an_exception(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging("info", "json", part="api")

    try:
        raise ValueError("wrong")  # noqa: TRY301 - the traceback is the subject
    except ValueError:
        logging.getLogger("attune.test").exception("failed")

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "ValueError: wrong" in json.loads(lines[0])["exception"]


def test_text_line_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "text", part="api")

    logging.getLogger("attune.test").warning("slow", extra={"seconds": 3})

    assert capsys.readouterr().err.endswith(" WARNING slow seconds=3\n")


@pytest.mark.parametrize("name", ["httpx", "sqlalchemy.engine", "asyncpg"])
def test_libraries_do_not_tell_urls_and_parameters(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("debug", "text", part="api")

    logging.getLogger(name).info("GET /api/v1/webhooks/wh_secret")

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["uvicorn.error", "websockets.server"])
def test_headers_and_frames_of_sockets_are_never_logged(name: str) -> None:
    set_up_logging("debug", "json", part="api")

    assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
    assert logging.getLogger("attune").isEnabledFor(logging.DEBUG)
