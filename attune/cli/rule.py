"""`attune rule`: when this happens, and that holds, do this."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.rule_draft import RuleDraft, rule_body
from attune.cli.rule_trial import EXAMPLES as TRIAL_EXAMPLES
from attune.cli.rule_trial import try_rule
from attune.cli.session import open_session
from attune.domain.timer import TIMER_TRIGGERS

app = command_group("List, make, change and switch rules.")

_LIST = (
    Column("ref", "ref"),
    Column("trigger", "trigger_ref"),
    Column("action", "action_ref"),
    Column("enabled", "enabled"),
    Column("label", "label", wide=True),
    Column("last error", "last_error", wide=True),
)
_FIELDS = (
    Column("ref", "ref"),
    Column("label", "label"),
    Column("description", "description"),
    Column("pack", "pack_ref"),
    Column("enabled", "enabled"),
    Column("ad hoc", "is_adhoc"),
    Column("trigger", "trigger_ref"),
    Column("trigger parameters", "trigger_params"),
    Column("conditions", "conditions"),
    Column("action", "action_ref"),
    Column("action parameters", "action_params"),
    Column("permission sets", "permission_set_refs"),
    Column("last error", "last_error"),
    Column("last error at", "last_error_at"),
    Column("next firing", "timer.next_fire_at"),
    Column("last fired", "timer.last_fired_at"),
    Column("fired", "timer.execution_count"),
    Column("missed", "timer.missed_count"),
    Column("problem", "timer.problem"),
    *TIMES,
)

_Ref = Annotated[str, typer.Argument(help="Ref of the rule, pack.name.")]
_Trigger = Annotated[str | None, typer.Option(help="Ref of the trigger it listens to.")]
_Action = Annotated[str | None, typer.Option(help="Ref of the action it executes.")]
_When = Annotated[
    str | None, typer.Option(help="Condition, an expression over the event.")
]
_Param = Annotated[
    list[str] | None,
    typer.Option(help="Parameter of the action: key=value, key:=json, or a template."),
]
_TriggerParam = Annotated[
    list[str] | None, typer.Option(help="Parameter of the trigger, in the same form.")
]
_Label = Annotated[str | None, typer.Option(help="Name for people.")]
_Description = Annotated[str | None, typer.Option(help="What it is for.")]
_File = Annotated[
    str | None,
    typer.Option("--file", help="YAML or JSON of the rule; options win over it."),
]


@app.command("list", epilog=examples("attune rule list --trigger core.webhook"))
def list_rules(
    ctx: typer.Context,
    *,
    pack: Annotated[str | None, typer.Option(help="Only rules of this pack.")] = None,
    trigger: Annotated[
        str | None, typer.Option(help="Only rules of this trigger.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="Only rules that execute this action.")
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only such rules.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="Text in ref, label or description.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rules to list.")] = 100,
) -> None:
    """List the rules you may see."""
    filters = {
        "pack_ref": pack,
        "trigger_ref": trigger,
        "action_ref": action,
        "enabled": None if enabled is None else str(enabled).lower(),
        "q": query,
    }
    with open_session(ctx) as session:
        session.out.rows(session.client.items(api_path("rules"), filters, limit), _LIST)


@app.command("show")
def show_rule(ctx: typer.Context, ref: _Ref) -> None:
    """Show a rule with its conditions and parameters, and when it fires as a timer."""
    with open_session(ctx) as session:
        rule = session.client.get(api_path("rules", ref))
        if rule.get("trigger_ref") in TIMER_TRIGGERS:
            rule["timer"] = session.client.get(api_path("rules", ref, "firings"))
        session.out.entity(rule, _FIELDS)


@app.command(
    "create",
    epilog=examples(
        "attune rule create demo.big_orders --trigger demo.order_placed "
        "--action core.echo --when 'event.payload.total > 100' "
        "--param 'message={{ event.payload.customer }}'",
        "attune rule create demo.big_orders --file rules/big_orders.yaml",
    ),
)
def create_rule(
    ctx: typer.Context,
    *,
    ref: _Ref,
    trigger: _Trigger = None,
    action: _Action = None,
    when: _When = None,
    param: _Param = None,
    trigger_param: _TriggerParam = None,
    label: _Label = None,
    description: _Description = None,
    file: _File = None,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Make it, but do not switch it on.")
    ] = False,
) -> None:
    """Make a rule: an event of this trigger, if that holds, executes the action."""
    draft = RuleDraft(
        trigger, action, when, param, trigger_param, label, description, file
    )
    with open_session(ctx) as session:
        body = rule_body(session.client, draft, new=ref)
        if disabled:
            body["enabled"] = False
        rule = session.client.post(api_path("rules"), body)
        session.out.done(f"rule {ref} created", rule)


@app.command(
    "update", epilog=examples("attune rule update demo.big_orders --when true")
)
def update_rule(
    ctx: typer.Context,
    *,
    ref: _Ref,
    trigger: _Trigger = None,
    action: _Action = None,
    when: _When = None,
    param: _Param = None,
    trigger_param: _TriggerParam = None,
    label: _Label = None,
    description: _Description = None,
    file: _File = None,
) -> None:
    """Change what is given and leave the rest of the rule as it is."""
    draft = RuleDraft(
        trigger, action, when, param, trigger_param, label, description, file
    )
    with open_session(ctx) as session:
        current = session.client.get(api_path("rules", ref))
        body = rule_body(session.client, draft, current=current)
        rule = session.client.put(api_path("rules", ref), body)
        session.out.done(f"rule {ref} updated", rule)


app.command("test", epilog=TRIAL_EXAMPLES)(try_rule)


@app.command("enable")
def enable_rule(ctx: typer.Context, ref: _Ref) -> None:
    """Switch a rule on."""
    with open_session(ctx) as session:
        rule = session.client.post(api_path("rules", ref, "enable"))
        session.out.done(f"rule {ref} is enabled", rule)


@app.command("disable")
def disable_rule(ctx: typer.Context, ref: _Ref) -> None:
    """Switch a rule off."""
    with open_session(ctx) as session:
        rule = session.client.post(api_path("rules", ref, "disable"))
        session.out.done(f"rule {ref} is disabled", rule)


@app.command("delete")
def delete_rule(
    ctx: typer.Context,
    *,
    ref: _Ref,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a rule; what it caused is kept."""
    with open_session(ctx) as session:
        confirm(f"Delete the rule {ref}?", yes=yes)
        answer = session.client.delete(api_path("rules", ref))
        session.out.done(f"rule {ref} deleted", answer)
