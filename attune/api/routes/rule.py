"""Rules: listed, made, changed, switched, removed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Rules, RuleTrials
from attune.api.parameters import Paging, RefPath, Search
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.page import Page, page
from attune.api.schemas.rule import (
    CreateRuleRequest,
    RuleResponse,
    RuleSummary,
    RuleTrialResponse,
    TestRuleRequest,
    UpdateRuleRequest,
    rule_response,
    rule_summary,
)
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["rules"])

Reader = Annotated[Caller, requires(Resource.RULES, Action.READ)]
Creator = Annotated[Caller, requires(Resource.RULES, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.RULES, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.RULES, Action.DELETE)]
Text = Annotated[str | None, Query(max_length=255)]


@router.get("/rules", response_model=Page[RuleSummary])
async def list_rules(
    caller: Reader,
    rules: Rules,
    paging: Paging,
    *,
    q: Search = None,
    pack_ref: Text = None,
    action_ref: Text = None,
    trigger_ref: Text = None,
    enabled: bool | None = None,
) -> Any:
    """List rules by ref."""
    found = await rules.page(
        caller,
        paging,
        q=q,
        pack_ref=pack_ref,
        action_ref=action_ref,
        trigger_ref=trigger_ref,
        enabled=enabled,
    )
    return page(found, rule_summary)


@router.post(
    "/rules", status_code=HTTPStatus.CREATED, response_model=Data[RuleResponse]
)
async def create_rule(body: CreateRuleRequest, caller: Creator, rules: Rules) -> Any:
    """Make a rule; what it starts acts for the caller."""
    rule = await rules.create(caller, body.given())
    return data(rule_response(rule), "Rule created")


@router.get("/rules/enabled", response_model=Page[RuleSummary])
async def list_enabled_rules(caller: Reader, rules: Rules, paging: Paging) -> Any:
    """List the rules that match events now."""
    return page(await rules.page(caller, paging, enabled=True), rule_summary)


@router.get("/rules/{ref}", response_model=Data[RuleResponse])
async def get_rule(ref: RefPath, caller: Reader, rules: Rules) -> Any:
    """Get one rule."""
    return data(rule_response(await rules.get(caller, ref)))


@router.put("/rules/{ref}", response_model=Data[RuleResponse])
async def update_rule(
    ref: RefPath, body: UpdateRuleRequest, caller: Editor, rules: Rules
) -> Any:
    """Change what is given of a rule; it takes effect at once."""
    rule = await rules.update(caller, ref, body.changes())
    return data(rule_response(rule), "Rule updated")


@router.delete("/rules/{ref}", response_model=Success)
async def delete_rule(ref: RefPath, caller: Remover, rules: Rules) -> Any:
    """Remove a rule; what it has started goes on."""
    await rules.delete(caller, ref)
    return success(f"Rule '{ref}' deleted")


@router.post("/rules/{ref}/enable", response_model=Data[RuleResponse])
async def enable_rule(ref: RefPath, caller: Editor, rules: Rules) -> Any:
    """Let a rule match events."""
    rule = await rules.set_enabled(caller, ref, enabled=True)
    return data(rule_response(rule), "Rule enabled")


@router.post("/rules/{ref}/disable", response_model=Data[RuleResponse])
async def disable_rule(ref: RefPath, caller: Editor, rules: Rules) -> Any:
    """Keep a rule from matching events."""
    rule = await rules.set_enabled(caller, ref, enabled=False)
    return data(rule_response(rule), "Rule disabled")


@router.post("/rules/{ref}/test", response_model=Data[RuleTrialResponse])
async def test_rule(
    ref: RefPath, body: TestRuleRequest, caller: Reader, trials: RuleTrials
) -> Any:
    """Try a rule on an event: tell what would come of it, and do nothing."""
    return data(await trials.attempt(caller, ref, body.sample()))


@router.get("/packs/{pack_ref}/rules", response_model=Page[RuleSummary])
async def list_rules_by_pack(
    pack_ref: RefPath, caller: Reader, rules: Rules, paging: Paging, q: Search = None
) -> Any:
    """List the rules of a pack."""
    return page(await rules.page_of_pack(caller, paging, pack_ref, q), rule_summary)


@router.get("/actions/{action_ref}/rules", response_model=Page[RuleSummary])
async def list_rules_by_action(
    action_ref: RefPath, caller: Reader, rules: Rules, paging: Paging
) -> Any:
    """List the rules that execute an action."""
    return page(await rules.page_of_action(caller, paging, action_ref), rule_summary)


@router.get("/triggers/{trigger_ref}/rules", response_model=Page[RuleSummary])
async def list_rules_by_trigger(
    trigger_ref: RefPath, caller: Reader, rules: Rules, paging: Paging
) -> Any:
    """List the rules that a trigger activates."""
    return page(await rules.page_of_trigger(caller, paging, trigger_ref), rule_summary)
