"""Executing an action: typed parameters in, its live output and outcome out."""

from typing import Annotated, Any

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.errors import usage_error
from attune.cli.following import follow_to_end
from attune.cli.options import Command, examples
from attune.cli.parameters import Parameters
from attune.cli.prompts import ask_missing
from attune.cli.session import open_session

app = typer.Typer(add_completion=False)

EXAMPLES = examples(
    "attune run core.echo message=hello",
    "attune run demo.deploy version=1.4 replicas:=3 --timeout 60",
    "attune run demo.deploy @parameters.json -j",
)


def execute(
    ctx: typer.Context,
    *,
    action: Annotated[str, typer.Argument(help="Ref of the action, pack.name.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PARAMETER",
            help="key=value (read as the declared type), key:=json, or @file.json.",
        ),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(help="One more parameter, in the same form."),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE for the environment of the process."),
    ] = None,
    timeout: Annotated[
        int | None, typer.Option(min=1, help="Time limit of the execution in seconds.")
    ] = None,
    permission_set: Annotated[
        list[str] | None,
        typer.Option(help="Permission set that the execution's token gets."),
    ] = None,
    wait: Annotated[
        bool, typer.Option(help="Follow the execution until it ends.")
    ] = True,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show nothing but the result.")
    ] = False,
    cancel_on_interrupt: Annotated[
        bool,
        typer.Option(
            "--cancel-on-interrupt",
            help="Cancel the execution at Ctrl-C without asking.",
        ),
    ] = False,
) -> None:
    """Execute an action, show its output live and exit with its outcome.

    Exit codes: 0 completed, 1 failed, 2 wrong usage, 3 cancelled, 4 timeout,
    5 abandoned, 6 server not reachable, 130 detached with Ctrl-C.
    """
    with open_session(ctx) as session:
        definition = session.client.get(api_path("actions", action))
        parameters = Parameters.of_schema(definition.get("param_schema"))
        values = parameters.parse([*(words or []), *(param or [])])
        request: JsonObject = {
            "action_ref": action,
            "parameters": ask_missing(parameters, values),
            "env_vars": _environment(env or []),
            **_given(timeout_seconds=timeout, permission_set_refs=permission_set),
        }
        execution = session.client.post(api_path("executions", "execute"), request)
        if wait:
            follow_to_end(
                session,
                execution,
                quiet=quiet,
                cancel_on_interrupt=cancel_on_interrupt,
            )
        session.out.done(
            f"execution {execution['id']} {execution['status']}; "
            f"`attune execution watch {execution['id']}` follows it",
            execution,
        )


def _environment(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    wrong = [name for name, separator, _ in pairs if not (name and separator)]
    if wrong:
        raise usage_error("--env takes KEY=VALUE", *wrong)
    return {name: value for name, _, value in pairs}


def _given(**values: Any) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}


app.command("run", cls=Command, epilog=EXAMPLES)(execute)
