"""Structured logs: one line an event, with its fields, on standard error.

Everybody logs with the standard library, a constant message and `extra`.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Final

STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

# A web server repeats its message there, with colors.
OMITTED: Final = STANDARD | {"color_message"}

# At these loggers' lower levels stand URLs, statements and parameters of requests.
QUIET: Final = ("httpcore", "httpx", "asyncio", "sqlalchemy", "asyncpg", "multipart")

# At their lowest level stand the headers and the frames of sockets, tokens among them.
NO_FRAMES: Final = ("uvicorn.error", "websockets")


def set_up_logging(level: str, form: str, *, part: str) -> None:
    """Send every log line to standard error; called once when a process begins."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(JsonLines(part) if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in NO_FRAMES:
        logging.getLogger(name).setLevel(max(root.level, logging.INFO))
    logging.captureWarnings(capture=True)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return what the caller gave as `extra`."""
    return {k: v for k, v in vars(record).items() if k not in OMITTED}


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; values that are not JSON become text."""
        line: dict[str, object] = {
            "time": _moment(record).isoformat(),
            "level": record.levelname.lower(),
            "part": self._part,
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            line["exception"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, default=str, ensure_ascii=False)


class TextLines(logging.Formatter):
    """One line for people: time, level, message, fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, followed by the traceback when there is one."""
        time = _moment(record).strftime("%H:%M:%S.%f")[:-3]
        fields = "".join(f" {k}={v}" for k, v in fields_of(record).items())
        text = f"{time} {record.levelname:7} {record.getMessage()}{fields}"
        if record.exc_info:
            text += (
                "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
            )
        return text


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
