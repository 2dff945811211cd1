"""Shell code with the parameters before it, read by a real shell."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune.domain.json import Json, JsonObject
from attune.runtimes.inline import _RESERVED, shell_script
from attune.runtimes.parameters import to_text

WORKER = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "ATTUNE_EXEC_ID": "7"}


def shell(code: str, parameters: JsonObject) -> subprocess.CompletedProcess[bytes]:
    script = shell_script(code, parameters, WORKER)
    return subprocess.run(
        ["/bin/bash", "-s"],
        input=script.encode(),
        env=WORKER,
        capture_output=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("plain", "plain"),
        ('it\'s "quoted" $HOME `id` \\ !', 'it\'s "quoted" $HOME `id` \\ !'),
        ("two\nlines\n\ttabbed", "two\nlines\n\ttabbed"),
        ("größe 日本 🎉", "größe 日本 🎉"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (3, "3"),
        (0.5, "0.5"),
        (["a", 1], '["a", 1]'),
        ({"k": "it's"}, '{"k": "it\'s"}'),
    ],
)
def test_value_arrives_under_both_names(value: Json, seen: str) -> None:
    ran = shell('printf "%s|%s" "$item" "$ITEM"', {"item": value})

    assert ran.stdout.decode() == f"{seen}|{seen}"


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_arrives_unchanged(text: str) -> None:
    ran = shell('printf "%s" "$item"', {"item": text})

    assert ran.stdout == text.encode()


def test_children_do_not_see_parameters() -> None:
    ran = shell("env", {"item": "canary", "path": "canary", "lang": "canary"})

    assert b"canary" not in ran.stdout


def test_plain_name_wins_over_the_upper_case_of_another() -> None:
    ran = shell('echo "$item $ITEM"', {"ITEM": "upper", "item": "plain"})

    assert ran.stdout == b"plain upper\n"


def test_names_of_the_shell_and_of_the_platform_are_left_alone() -> None:
    parameters: JsonObject = dict.fromkeys(
        ["path", "uid", "ifs", "UID", "PATH", "ATTUNE_EXEC_ID", "shellopts", "_"], "x"
    )

    ran = shell('ls / >/dev/null; echo "$path $uid $ATTUNE_EXEC_ID"', parameters)

    assert (ran.returncode, ran.stdout) == (0, b"x x 7\n")


@pytest.mark.parametrize("name", ["a-b", "1a", "a b", "é", "", "a;id", "x[0]", "a\nid"])
def test_name_that_is_no_identifier_is_left_out(name: str) -> None:
    assert shell_script("true", {name: "x"}, {}) == "set -e\ntrue\n"


def test_first_failure_ends_the_script() -> None:
    ran = shell("false\necho on", {})

    assert (ran.returncode, ran.stdout) == (1, b"")


def test_every_reserved_name_can_be_a_parameter() -> None:
    ran = shell("echo on", {name.lower(): "x" for name in _RESERVED})

    assert (ran.returncode, ran.stdout) == (0, b"on\n")


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (False, "false"), (1, "1"), ("a", "a"), ([], "[]")]
)
def test_value_has_one_spelling(value: Json, text: str) -> None:
    assert to_text(value) == text
