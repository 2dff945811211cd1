"""What a worker is told to run, for tests that run nothing."""

from attune.runtimes.launch import ActionLaunch, RuntimeLaunch


def launch_of(execution_id: int, *, timeout_seconds: int = 300) -> ActionLaunch:
    """Return a launch of code that does nothing."""
    return ActionLaunch(
        execution_id=execution_id,
        action_ref="demo.echo",
        pack_ref="demo",
        entrypoint="true",
        runtime=RuntimeLaunch(ref="core.shell", name="Shell"),
        timeout_seconds=timeout_seconds,
    )
