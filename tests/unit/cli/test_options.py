import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperGroup

from attune.cli.lazy import Deferred
from attune.cli.main import CLIENT, command
from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, page


def _leaves(
    group: Any, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    loaded = group.load() if isinstance(group, Deferred) else group
    if not isinstance(loaded, TyperGroup):
        yield words, loaded
        return
    for name, each in loaded.commands.items():
        yield from _leaves(each, (*words, name))


LEAVES = [
    leaf
    for name in (*(row[0] for row in CLIENT), "worker")
    for leaf in _leaves(command().commands[name], (name,))
]
NAMED_LEAVES = [pytest.param(leaf, id=" ".join(words)) for words, leaf in LEAVES]


@pytest.mark.parametrize("leaf", NAMED_LEAVES)
def test_every_command_says_in_one_sentence_what_it_is_for(
    leaf: Any,
) -> None:
    sentence = leaf.help.partition("\n")[0]

    assert sentence.endswith(".")
    assert len(sentence) > 15


@pytest.mark.parametrize("leaf", NAMED_LEAVES)
def test_options_and_arguments_are_explained_and_mean_one_thing(
    leaf: Any,
) -> None:
    names = [name for each in leaf.params for name in each.opts]

    assert len(names) == len(set(names))
    assert all(each.help for each in leaf.params)


@pytest.mark.parametrize(
    "words",
    [
        ["-j", "pack", "list"],
        ["pack", "-j", "list"],
        ["pack", "list", "-j"],
        ["pack", "list", "--output", "json"],
        ["--output", "yaml", "pack", "list", "--json"],
    ],
)
def test_global_options_stand_anywhere(
    attune: Attune, api: FakeApi, words: list[str]
) -> None:
    api.on("GET", "/api/v1/packs", page())

    assert attune(*words).out == "[]\n"


def test_an_option_after_the_command_wins(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/packs", page())

    attune("--api-url", "http://a", "pack", "list", "--api-url", "http://b")

    assert str(api.requests[0].url).startswith("http://b/")


def test_verbose_shows_requests_on_standard_error(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/packs", page())

    outcome = attune("pack", "list", "-v", "-j")

    assert outcome.err.startswith("GET /api/v1/packs 200")
    assert outcome.out == "[]\n"


def test_an_unknown_format_is_wrong_usage(attune: Attune) -> None:
    assert attune("pack", "list", "--output", "xml").code == 2


def test_help_of_the_root_needs_no_client() -> None:
    script = (
        "import sys\n"
        "from attune.cli.main import command\n"
        "try: command().main(['--help'], prog_name='attune')\n"
        "except SystemExit: pass\n"
        "slow = {'httpx', 'yaml', 'pydantic', 'fastapi', 'sqlalchemy', 'temporalio'}\n"
        "sys.exit(', '.join(slow & set(sys.modules)) or 0)\n"
    )

    ended = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "completion"),
    [("attune exec", "execution"), ("attune execution ca", "cancel")],
)
def test_the_shell_completes_commands(words: str, completion: str) -> None:
    environment = {
        **os.environ,
        "_ATTUNE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }

    ended = subprocess.run(
        [sys.executable, "-m", "attune"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stdout.split() == [completion]
