import json
from datetime import UTC, datetime
from typing import Any

import pytest

from attune.cli.options import OutputFormat
from attune.cli.output import Column, Output, brief

COLUMNS = (
    Column("ref", "ref"),
    Column("description", "description", wide=True),
    Column("deep", "a.b"),
    Column("made", lambda item: item["ref"].upper()),
)
ITEM: dict[str, Any] = {
    "ref": "core.echo",
    "description": "Says it. " * 30,
    "a": {"b": 3},
}


def test_a_table_that_is_no_terminal_is_not_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output(OutputFormat.TABLE).rows([ITEM], COLUMNS)

    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["REF", "DESCRIPTION", "DEEP", "MADE"]
    assert ITEM["description"] in row
    assert row.split()[-2:] == ["3", "CORE.ECHO"]


def test_an_empty_table_says_so_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output(OutputFormat.TABLE).rows([], COLUMNS)

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "nothing found\n")


def test_json_is_the_items_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    Output(OutputFormat.JSON).rows([ITEM], COLUMNS)
    Output(OutputFormat.JSON).rows([], COLUMNS)

    out = capsys.readouterr().out
    assert out.endswith("[]\n")
    assert json.loads(out.removesuffix("[]\n")) == [ITEM]


def test_yaml_is_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    Output(OutputFormat.YAML).entity({"ref": "grün", "n": [1]}, COLUMNS)

    assert capsys.readouterr().out == "ref: grün\nn:\n- 1\n"


def test_fields_are_shown_one_below_the_other_and_empty_ones_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = (
        Column("ref", "ref"),
        Column("nothing", "nothing"),
        Column("config", "config"),
        Column("off", "off"),
    )
    document = {"ref": "x.y", "nothing": [], "config": {"k": {"n": 1}}, "off": False}

    Output(OutputFormat.TABLE).entity(document, columns)

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "ref:     x.y",
        "config:",
        "  k:",
        "    n: 1",
        "off:     no",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        (0, "0"),
        (True, "yes"),
        (["a", "b"], "a, b"),
        ({"a": 1}, '{ "a": 1 }'),
        ("[red]not markup[/red]", "[red]not markup[/red]"),
        ("\x1b[2Jevil\x07", "\ufffd[2Jevil\ufffd"),
        ("2026-99-99T00:00:00Z", "2026-99-99T00:00:00Z"),
    ],
)
def test_a_cell_is_short_and_steers_no_terminal(value: object, text: str) -> None:
    assert brief(value) == text


def test_a_time_is_on_the_clock_of_the_reader() -> None:
    at = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)
    shown = at.astimezone().strftime("%Y-%m-%d %H:%M:%S")

    assert brief("2026-06-01T12:00:30Z") == shown
    assert brief("2026-06-01T12:00:30.123456+00:00") == shown
    assert brief("2026-06-01T12:00:30") == "2026-06-01T12:00:30"
