"""The result document, whatever a process did."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.action import OutputFormat
from attune.domain.json import Json, JsonObject, check_json
from attune.domain.result import ProcessFacts, compose_result
from tests.support.cpu_time import at_most
from tests.support.json_values import values


def result(
    stdout: bytes = b"", form: OutputFormat = OutputFormat.TEXT, **facts: Any
) -> JsonObject:
    given_facts = {"exit_code": 0, "duration_ms": 12, **facts}
    return compose_result(ProcessFacts(stdout=stdout, **given_facts), form)


def test_a_success_says_so() -> None:
    assert result(b"hi\n") == {
        "exit_code": 0,
        "duration_ms": 12,
        "succeeded": True,
        "stdout": "hi\n",
    }


@pytest.mark.parametrize(
    ("form", "stdout", "data"),
    [
        ("json", b'{"a": 1}', {"a": 1}),
        ("json", b"\n[1,\n 2]\n\n", [1, 2]),
        ("json", b'loading...\n{"a": 1}\n', {"a": 1}),
        ("json", b'{"a": NaN, "b": [Infinity]}', {"a": None, "b": [None]}),
        ("json", b'"\\u0000\\ud800"', "\ufffd\ufffd"),
        ("json", b"null", None),
        ("json", b"9223372036854775808", 2**63),
        ("jsonl", b'{"a": 1}\n\n{"a": 2}\r\n', [{"a": 1}, {"a": 2}]),
        ("yaml", b"a: no\nb: [1]\n", {"a": "no", "b": [1]}),
    ],
)
def test_output_is_read_in_its_format(form: str, stdout: bytes, data: Json) -> None:
    document = result(stdout, OutputFormat(form))

    assert document["data"] == data
    assert "stdout" not in document
    assert "output_error" not in document


@pytest.mark.parametrize(
    ("form", "stdout"),
    [
        ("json", b"not json"),
        ("json", b"{"),
        ("json", b"[" * 5_000),
        ("json", b"[" * 100 + b"]" * 100),
        ("json", b"1" * 5_000),
        ("json", b"\xff\xfe"),
        ("jsonl", b"text\n1\n"),
        ("yaml", b"a: [\n"),
        ("yaml", b"a: b" + b" " * 1_000_001),
    ],
)
def test_output_that_cannot_be_read_stays_text_with_the_reason(
    form: str, stdout: bytes
) -> None:
    document = result(stdout, OutputFormat(form))

    assert "data" not in document
    assert document["stdout"] == stdout.decode("utf-8", "replace")
    assert isinstance(document["output_error"], str)
    assert document["succeeded"] is True


def test_lines_that_are_no_objects_are_kept_as_text_too() -> None:
    document = result(b'{"a": 1}\nwarning\n{"a": 2}\n', OutputFormat.JSONL)

    assert document["data"] == [{"a": 1}, {"a": 2}]
    assert document["stdout"] == '{"a": 1}\nwarning\n{"a": 2}\n'
    assert document["output_error"] == "1 lines of the output are not JSON objects"


@pytest.mark.parametrize("form", OutputFormat)
def test_no_output_is_no_problem(form: OutputFormat) -> None:
    assert result(b"", form) == {
        "exit_code": 0,
        "duration_ms": 12,
        "succeeded": True,
        "stdout": "",
    }


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"exit_code": 3}, "Command exited with code 3"),
        ({"exit_code": 1, "stderr": b"one\ntwo\n"}, "one\ntwo"),
        ({"exit_code": 1, "stderr": b"1\n2\n3\n4\n5\n"}, "1\n2\n3\n4\n5"),
        ({"exit_code": 1, "stderr": b"1\n2\n3\n4\n5\nlast\n"}, "last"),
        ({"exit_code": 1, "stderr": b" \n "}, "Command exited with code 1"),
        ({"exit_code": None, "error": "no interpreter"}, "no interpreter"),
        (
            {"exit_code": 143, "timed_out_after": 2, "stderr": b"x"},
            "Execution timed out after 2 seconds",
        ),
        (
            {"exit_code": 0, "timed_out_after": 2.5},
            "Execution timed out after 2.5 seconds",
        ),
        ({"exit_code": 143, "cancelled": True}, "Execution was cancelled"),
    ],
)
def test_a_failure_says_why(facts: dict[str, Any], error: str) -> None:
    document = result(b"out", **facts)

    assert document["succeeded"] is False
    assert document["error"] == error
    assert document["stdout"] == "out"


def test_a_timeout_and_a_cancel_are_marked() -> None:
    assert result(timed_out_after=1)["timed_out"] is True
    assert result(cancelled=True)["cancelled"] is True
    assert "cancelled" not in result()


def test_stderr_is_kept_with_its_log() -> None:
    document = result(stderr=b"warn", stderr_log="core.echo.stderr.log")

    assert document["stderr"] == "warn"
    assert document["stderr_log"] == "core.echo.stderr.log"
    assert "error" not in document
    assert "stderr" not in result()


def test_what_was_cut_is_said() -> None:
    document = result(b"abc", stdout_dropped=5, stderr=b"x", stderr_dropped=7)

    assert document["stdout"] == ("abc\n[OUTPUT TRUNCATED: stdout exceeded size limit]")
    assert document["stdout_truncated"] is True
    assert document["stdout_bytes_truncated"] == 5
    assert document["stderr_bytes_truncated"] == 7


def test_binary_output_is_text_that_can_be_stored() -> None:
    document = result(b"\xff\x00a\xed\xa0\x80")

    assert document["stdout"] == "\ufffd\ufffda\ufffd\ufffd\ufffd"


@given(values, st.sampled_from([OutputFormat.JSON, OutputFormat.YAML]))
def test_what_an_action_prints_as_json_is_its_data(
    value: Any, form: OutputFormat
) -> None:
    document = result(json.dumps(value, ensure_ascii=False).encode(), form)

    if form is OutputFormat.JSON or "output_error" not in document:
        assert document["data"] == value


@given(st.binary(max_size=60), st.sampled_from(OutputFormat), st.integers(0, 2))
def test_any_output_gives_a_result_that_can_be_stored(
    stdout: bytes, form: OutputFormat, exit_code: int
) -> None:
    document = result(stdout, form, exit_code=exit_code, stderr=stdout)

    check_json(document)


def test_large_output_is_read_soon() -> None:
    with at_most(3):
        many = result(b'{"a": 1}\n' * 300_000, OutputFormat.JSONL)
        long = result(b'{"a": "' + b"x" * 5_000_000 + b'"}', OutputFormat.JSON)

    assert len(many["data"]) == 300_000  # type: ignore[arg-type] # a list
    assert "data" in long
