"""`attune policy`: limits on what runs, and how much of it."""

from enum import StrEnum
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.policy_draft import PolicyDraft, new_policy, policy_changes
from attune.cli.prompts import confirm
from attune.cli.session import open_session

app = command_group("List, make, change and switch limits on executions.")


class Method(StrEnum):
    """What becomes of an execution beyond the limit."""

    ENQUEUE = "enqueue"
    CANCEL = "cancel"


class Scope(StrEnum):
    """What a policy limits."""

    ACTION = "action"
    PACK = "pack"
    GLOBAL = "global"


def _subject(policy: JsonObject) -> str:
    scope = policy.get("scope") or {}
    return scope.get("action_ref") or scope.get("pack_ref") or "everything"


def _limits(policy: JsonObject) -> str:
    said = []
    if concurrency := policy.get("concurrency"):
        said.append(f"{concurrency['limit']} at once")
    if rate := policy.get("rate_limit"):
        said.append(f"{rate['max_executions']} in {rate['window_seconds']} s")
    said += [f"{q['limit']} {q['quota_type']}" for q in policy.get("quotas") or []]
    return ", ".join(said)


_LIST = (
    Column("ref", "ref"),
    Column("limits", _subject),
    Column("to", _limits),
    Column("by", "parameters"),
    Column("method", "method"),
    Column("priority", "priority"),
    Column("enabled", "enabled"),
)
_FIELDS = (
    Column("ref", "ref"),
    Column("name", "name"),
    Column("description", "description"),
    Column("limits", _subject),
    Column("to", _limits),
    Column("groups by", "parameters"),
    Column("method", "method"),
    Column("priority", "priority"),
    Column("enabled", "enabled"),
    Column("tags", "tags"),
    Column("pack", "pack_ref"),
    Column("ad hoc", "is_adhoc"),
    *TIMES,
)

_Ref = Annotated[str, typer.Argument(help="Ref of the policy, pack.name.")]
_Limit = Annotated[
    str | None, typer.Option(help="How many may run at once; none: no such limit.")
]
_Rate = Annotated[
    str | None,
    typer.Option(help="How many may start: 100/hour, 5/30s; none: no such limit."),
]
_MethodOption = Annotated[
    Method | None, typer.Option(help="What becomes of an execution beyond the limit.")
]
_By = Annotated[
    list[str] | None,
    typer.Option(help="Parameter whose values are counted apart; may be a.b; or none."),
]
_Priority = Annotated[
    int | None, typer.Option(help="Of several policies the highest is asked first.")
]
_Name = Annotated[str | None, typer.Option(help="Name for people.")]
_Description = Annotated[str | None, typer.Option(help="What it is for.")]
_Tag = Annotated[list[str] | None, typer.Option(help="Word to find it by.")]
_File = Annotated[
    str | None,
    typer.Option("--file", help="YAML or JSON of the policy; options win over it."),
]


@app.command("list", epilog=examples("attune policy list --action core.echo"))
def list_policies(
    ctx: typer.Context,
    *,
    pack: Annotated[
        str | None, typer.Option(help="Only policies of this pack.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="Only policies of this action.")
    ] = None,
    scope: Annotated[
        Scope | None, typer.Option(help="Only policies that limit such things.")
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only such policies.")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Only policies of this tag.")] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="Text in ref, name or description.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most policies to list.")] = 100,
) -> None:
    """List the policies you may see."""
    filters = {
        "pack_ref": pack,
        "action_ref": action,
        "scope": scope and scope.value,
        "enabled": None if enabled is None else str(enabled).lower(),
        "tag": tag,
        "q": query,
    }
    with open_session(ctx) as session:
        found = session.client.items(api_path("policies"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_policy(ctx: typer.Context, ref: _Ref) -> None:
    """Show a policy with its limits."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("policies", ref)), _FIELDS)


@app.command(
    "create",
    epilog=examples(
        "attune policy create demo.calm --action core.http_request --limit 5 --by host",
        "attune policy create demo.slow --pack demo --rate 100/hour --method cancel",
        "attune policy create demo.calm --file policies/calm.yaml",
    ),
)
def create_policy(
    ctx: typer.Context,
    *,
    ref: _Ref,
    action: Annotated[
        str | None, typer.Option(help="Ref of the action it limits.")
    ] = None,
    pack: Annotated[str | None, typer.Option(help="Ref of the pack it limits.")] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Limit all executions together.")
    ] = False,
    limit: _Limit = None,
    rate: _Rate = None,
    method: _MethodOption = None,
    by: _By = None,
    priority: _Priority = None,
    name: _Name = None,
    description: _Description = None,
    tag: _Tag = None,
    file: _File = None,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Make it, but do not switch it on.")
    ] = False,
) -> None:
    """Make a policy: at most so many at once, or at most so many in a time."""
    draft = PolicyDraft(
        *(limit, rate, method and method.value, by, priority, name, description, tag),
        file=file,
        action=action,
        pack=pack,
        everything=everything,
    )
    with open_session(ctx) as session:
        body = new_policy(draft, ref)
        if disabled:
            body["enabled"] = False
        policy = session.client.post(api_path("policies"), body)
        session.out.done(f"policy {ref} created", policy)


@app.command("update", epilog=examples("attune policy update demo.calm --limit 3"))
def update_policy(
    ctx: typer.Context,
    *,
    ref: _Ref,
    limit: _Limit = None,
    rate: _Rate = None,
    method: _MethodOption = None,
    by: _By = None,
    priority: _Priority = None,
    name: _Name = None,
    description: _Description = None,
    tag: _Tag = None,
    file: _File = None,
) -> None:
    """Change what is given and leave the rest of the policy as it is."""
    draft = PolicyDraft(
        *(limit, rate, method and method.value, by, priority, name, description, tag),
        file=file,
    )
    with open_session(ctx) as session:
        body = policy_changes(draft)
        policy = session.client.put(api_path("policies", ref), body)
        session.out.done(f"policy {ref} updated", policy)


@app.command("enable")
def enable_policy(ctx: typer.Context, ref: _Ref) -> None:
    """Put a policy in force."""
    _switch(ctx, ref, enabled=True)


@app.command("disable")
def disable_policy(ctx: typer.Context, ref: _Ref) -> None:
    """Suspend a policy; what waits for it goes on."""
    _switch(ctx, ref, enabled=False)


@app.command("delete")
def delete_policy(
    ctx: typer.Context,
    *,
    ref: _Ref,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a policy; what waits for it goes on."""
    with open_session(ctx) as session:
        confirm(f"Delete the policy {ref}?", yes=yes)
        answer = session.client.delete(api_path("policies", ref))
        session.out.done(f"policy {ref} deleted", answer)


def _switch(ctx: typer.Context, ref: str, *, enabled: bool) -> None:
    with open_session(ctx) as session:
        policy = session.client.put(api_path("policies", ref), {"enabled": enabled})
        word = "enabled" if enabled else "disabled"
        session.out.done(f"policy {ref} is {word}", policy)
