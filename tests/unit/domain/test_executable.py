"""What has to be known of an action to execute it."""

from dataclasses import replace

import pytest

from attune.domain.executable import ENGINE, ExecutableAction

CODE = ExecutableAction(
    id=1,
    ref="demo.greet",
    pack_ref="demo",
    runtime_ref="core.shell",
    is_executable=True,
    enabled=True,
    param_schema={},
    timeout_seconds=None,
)
WORKFLOW = replace(CODE, ref="demo.deploy", runtime_ref=ENGINE)


@pytest.mark.parametrize(
    ("action", "requested", "seconds"),
    [
        (CODE, None, 300),
        (replace(CODE, timeout_seconds=20), None, 20),
        (replace(CODE, timeout_seconds=20), 7, 7),
        (WORKFLOW, None, None),
        (replace(WORKFLOW, timeout_seconds=20), None, 20),
        (WORKFLOW, 7, 7),
    ],
)
def test_only_code_has_a_limit_that_nobody_named(
    action: ExecutableAction, requested: int | None, seconds: int | None
) -> None:
    assert action.limit_seconds(requested) == seconds


@pytest.mark.parametrize(
    ("action", "obstacle"),
    [
        (CODE, None),
        (WORKFLOW, None),
        (
            replace(CODE, is_executable=False, runtime_ref=None),
            "Action demo.greet has no runtime",
        ),
        (
            replace(CODE, is_executable=False),
            "Runtime core.shell of action demo.greet cannot run actions",
        ),
        (
            replace(WORKFLOW, is_executable=False),
            "Action demo.deploy has no workflow that could be run",
        ),
    ],
)
def test_what_nobody_could_ever_run_says_why(
    action: ExecutableAction, obstacle: str | None
) -> None:
    assert action.obstacle() == obstacle
