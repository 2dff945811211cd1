"""The root of the command line: every command exists, and none is loaded in vain."""

import subprocess
import sys

import pytest

from attune.cli.lazy import Deferred
from attune.cli.main import COMMANDS, command

HEAVY = ("fastapi", "httpx", "pydantic", "sqlalchemy", "temporalio", "yaml")


@pytest.mark.parametrize("deferred", COMMANDS, ids=lambda each: str(each.name))
def test_command_can_be_loaded(deferred: Deferred) -> None:
    assert deferred.load().get_short_help_str() != ""


def test_help_imports_no_heavy_library() -> None:
    script = (
        "import sys; from attune.cli.main import command\n"
        "try: command().main(['--help'], prog_name='attune')\n"
        "except SystemExit: pass\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )

    ended = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert ended.stderr.strip() == "[]"


def test_unknown_command_is_refused_with_a_suggestion(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as end:
        command().main(["exection"], prog_name="attune")

    assert end.value.code == 2
    assert "execution" in capsys.readouterr().err
