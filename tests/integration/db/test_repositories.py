import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError

from attune.db.database import Database, Transaction
from attune.db.models import IdentityRole, Pack, PackInstall, PermissionSetRole, Rule
from attune.db.repositories.component import ComponentFilter
from attune.db.repositories.enforcement import EnforcementFilter
from attune.db.repositories.inquiry import InquiryFilter
from attune.db.repositories.key import KeyFilter
from attune.db.repositories.rule import RuleFilter
from attune.db.repositories.sensor import SensorFilter
from attune.domain.enforcement import EnforcementStatus
from attune.domain.errors import NotFound
from attune.domain.execution import ExecutionStatus
from attune.domain.key import OwnerType
from attune.domain.page import PageRequest
from tests.support.builders import (
    make_action,
    make_enforcement,
    make_event,
    make_execution,
    make_identity,
    make_inquiry,
    make_key,
    make_pack,
    make_permission_set,
    make_rule,
    make_runtime,
    make_sensor,
    make_trigger,
    make_worker,
)


async def test_get_raises_what_find_does_not(tx: Transaction) -> None:
    assert await tx.actions.find_by_ref("no.action") is None
    with pytest.raises(NotFound, match=r"action 'no\.action' not found"):
        await tx.actions.get_by_ref("no.action")
    with pytest.raises(NotFound):
        await tx.actions.lock_by_ref("no.action")


async def test_what_is_not_among_the_visible_is_not_found(tx: Transaction) -> None:
    pack = await make_pack(tx, ref="hidden")

    assert await tx.packs.find(pack.id, among=Pack.ref != "hidden") is None
    with pytest.raises(NotFound):
        await tx.packs.get_by_ref("hidden", among=Pack.ref != "hidden")
    page = await tx.packs.page(PageRequest(), among=Pack.ref != "hidden")
    assert (page.items, page.total) == ([], 0)


async def test_lock_keeps_others_out_and_reads_anew(database: Database) -> None:
    async with database.transaction() as tx:
        pack = await make_pack(tx)

    async def append(letter: str) -> None:
        async with database.transaction() as tx:
            await tx.packs.get(pack.id)
            locked = await tx.packs.lock(pack.id)
            locked.label += letter

    await asyncio.gather(*(append("x") for _ in range(5)))

    async with database.transaction() as tx:
        assert (await tx.packs.get(pack.id)).label == pack.label + "xxxxx"


async def test_page_is_a_window_in_a_stable_order(tx: Transaction) -> None:
    refs = ["aa", "bb", "cc", "dd", "ee"]
    for ref in reversed(refs):
        await make_pack(tx, ref=ref)

    first = await tx.packs.page(PageRequest(limit=2))
    last = await tx.packs.page(PageRequest(offset=4, limit=2))
    beyond = await tx.packs.page(PageRequest(offset=2**62, limit=2))

    assert [pack.ref for pack in first.items] == ["aa", "bb"]
    assert (first.total, first.has_next) == (5, True)
    assert [pack.ref for pack in last.items] == ["ee"]
    assert (last.total, last.has_next) == (5, False)
    assert (list(beyond.items), beyond.has_next) == ([], False)


async def test_total_is_counted_only_when_asked_for(tx: Transaction) -> None:
    await make_pack(tx)

    page = await tx.packs.page(PageRequest(with_total=False))

    assert page.total is None


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("mail", ["send.mail"]),
        ("MAIL", ["send.mail"]),
        ("letter", ["send.mail"]),
        ("%", ["send.percent"]),
        ("_", []),
        ("", ["send.mail", "send.percent"]),
    ],
)
async def test_search_takes_its_words_as_they_are(
    tx: Transaction, q: str, found: list[str]
) -> None:
    pack = await make_pack(tx, ref="send")
    await make_trigger(tx, pack, ref="send.mail", description="A letter")
    await make_trigger(tx, pack, ref="send.percent", label="100 %")

    page = await tx.triggers.page(PageRequest(), ComponentFilter(q=q))

    assert [trigger.ref for trigger in page.items] == found


async def test_components_are_filtered_by_pack_and_state(tx: Transaction) -> None:
    pack = await make_pack(tx)
    on = await make_trigger(tx, pack)
    await make_trigger(tx, pack, enabled=False)
    await make_trigger(tx)

    page = await tx.triggers.page(
        PageRequest(), ComponentFilter(pack_ref=pack.ref, enabled=True)
    )

    assert [trigger.id for trigger in page.items] == [on.id]
    assert await tx.triggers.count(ComponentFilter(pack_ref=pack.ref)) == 2


async def test_stale_components_go_and_what_people_made_stays(tx: Transaction) -> None:
    pack = await make_pack(tx, ref="deploy")
    for name, is_adhoc in (("kept", False), ("stale", False), ("mine", True)):
        await make_action(tx, pack, ref=f"deploy.{name}", is_adhoc=is_adhoc)
    await make_action(tx)

    gone = await tx.actions.remove_stale(pack.id, {"deploy.kept"})

    assert gone == ["deploy.stale"]
    left = await tx.actions.find_by_pack(pack.id)
    assert [action.ref for action in left] == ["deploy.kept", "deploy.mine"]


async def test_refs_are_found_together(tx: Transaction) -> None:
    one, two = await make_action(tx), await make_action(tx)

    found = await tx.actions.find_by_refs([two.ref, one.ref, "no.action"])

    assert sorted(action.id for action in found) == sorted([one.id, two.id])


async def test_relationships_load_only_when_asked(tx: Transaction) -> None:
    rule = await make_rule(tx)
    tx.session.expunge_all()

    found = (await tx.session.scalars(select(Rule).where(Rule.id == rule.id))).one()

    with pytest.raises(InvalidRequestError, match="lazy='raise'"):
        _ = found.action


async def test_pack_counts_its_components(tx: Transaction) -> None:
    rule = await make_rule(tx)

    counts = await tx.packs.count_components(rule.pack_id)

    assert counts == {"action": 1, "trigger": 0, "sensor": 0, "rule": 1}


async def test_latest_installation_is_the_newest(tx: Transaction) -> None:
    for version in ("1.0.0", "2.0.0"):
        install = PackInstall(pack_ref="deploy", pack_version=version)
        await tx.pack_installs.add(install)

    latest = await tx.pack_installs.find_latest("deploy")

    assert latest
    assert latest.pack_version == "2.0.0"


@pytest.mark.parametrize("word", ["core.nodejs", "Node.js", "NODE", "nodejs"])
async def test_runtime_is_found_by_any_of_its_names(tx: Transaction, word: str) -> None:
    core = await make_pack(tx, ref="core")
    runtime = await make_runtime(
        tx, core, ref="core.nodejs", name="Node.js", aliases=["node", "nodejs"]
    )
    await make_runtime(tx, core)

    found = await tx.runtimes.find_by_alias(word)

    assert [each.id for each in found] == [runtime.id]


async def test_webhook_is_found_by_its_key(tx: Transaction) -> None:
    trigger = await make_trigger(tx, webhook_key="wh_1")

    assert await tx.triggers.find_by_webhook_key("wh_1") is trigger
    assert await tx.triggers.find_by_webhook_key("wh_2") is None


async def test_sensor_is_found_by_each_trigger_it_serves(tx: Transaction) -> None:
    pack = await make_pack(tx)
    sensor = await make_sensor(tx, pack)
    second = await make_trigger(tx, pack, sensor_id=sensor.id)
    await make_sensor(tx)

    page = await tx.sensors.page(PageRequest(), SensorFilter(trigger_ref=second.ref))

    assert [each.id for each in page.items] == [sensor.id]
    assert len(await tx.triggers.find_by_sensor(sensor.id)) == 2


async def test_rules_are_filtered(tx: Transaction) -> None:
    rule = await make_rule(tx)
    await make_rule(tx)

    for wanted in (
        RuleFilter(trigger_ref=rule.trigger_ref),
        RuleFilter(action_ref=rule.action_ref),
        RuleFilter(pack_ref=rule.pack_ref),
    ):
        page = await tx.rules.page(PageRequest(), wanted)
        assert [each.id for each in page.items] == [rule.id]


async def test_rules_of_a_trigger_come_in_order(tx: Transaction) -> None:
    trigger = await make_trigger(tx)
    first = await make_rule(tx, trigger)
    second = await make_rule(tx, trigger, enabled=False)
    await make_rule(tx)

    found = await tx.rules.matchable(trigger.ref)

    assert [(rule.id, rule.enabled) for rule in found] == [
        (first.id, True),
        (second.id, False),
    ]


async def test_enforcements_are_filtered_newest_first(tx: Transaction) -> None:
    rule = await make_rule(tx)
    older = await make_enforcement(tx, rule, trace_tag="t")
    newer = await make_enforcement(tx, rule, event_id=(await make_event(tx)).id)
    await make_enforcement(tx)

    page = await tx.enforcements.page(PageRequest(), EnforcementFilter(rule_id=rule.id))
    tagged = await tx.enforcements.page(PageRequest(), EnforcementFilter(trace_tag="t"))
    created = EnforcementFilter(status=EnforcementStatus.PROCESSED)

    assert [each.id for each in page.items] == [newer.id, older.id]
    assert [each.id for each in tagged.items] == [older.id]
    assert (await tx.enforcements.page(PageRequest(), created)).total == 0


async def test_inquiries_are_filtered(tx: Transaction) -> None:
    ada = await make_identity(tx)
    inquiry = await make_inquiry(tx, assigned_to_id=ada.id)
    await make_inquiry(tx)

    wanted = InquiryFilter(assigned_to_id=ada.id)
    page = await tx.inquiries.page(PageRequest(), wanted)

    assert [each.id for each in page.items] == [inquiry.id]
    found = await tx.inquiries.find_by_execution(inquiry.execution_id)
    assert found is inquiry
    assert inquiry.assigned_to_login == ada.login


async def test_permission_sets_come_directly_and_by_role(tx: Transaction) -> None:
    ada = await make_identity(tx)
    direct = await make_permission_set(tx, ada)
    by_role = await make_permission_set(tx)
    await make_permission_set(tx)
    await tx.identity_roles.add(IdentityRole(identity_id=ada.id, role="ops"))
    granted = PermissionSetRole(permset_id=by_role.id, role="ops")
    await tx.permission_set_roles.add(granted)

    found = await tx.permission_sets.find_for_identity(ada.id)

    assert {permset.id for permset in found} == {direct.id, by_role.id}
    [(_, ref)] = await tx.permission_assignments.find_by_identity(ada.id)
    assert ref == direct.ref


async def test_keys_of_an_action_are_its_own_and_its_packs(tx: Transaction) -> None:
    action = await make_action(tx)
    own = await make_key(tx, owner_type=OwnerType.ACTION, owner_action_id=action.id)
    packs = await make_key(tx, owner_type=OwnerType.PACK, owner_pack_id=action.pack_id)
    await make_key(tx)

    found = await tx.keys.find_owned(action.pack_ref, action.ref)
    wanted = KeyFilter(owner_type=OwnerType.PACK, owner=action.pack_ref)
    page = await tx.keys.page(PageRequest(), wanted)

    assert {key.id for key in found} == {packs.id, own.id}
    assert await tx.keys.find_owned(None, None) == []
    assert [key.id for key in page.items] == [packs.id]


async def test_load_of_workers_counts_live_executions(tx: Transaction) -> None:
    worker, idle = await make_worker(tx), await make_worker(tx)
    action = await make_action(tx)
    for status in (ExecutionStatus.RUNNING, ExecutionStatus.COMPLETED):
        await make_execution(tx, action, worker_id=worker.id, status=status)

    load = await tx.workers.load([worker.id, idle.id])

    assert load == {worker.id: {ExecutionStatus.RUNNING: 1}, idle.id: {}}


async def test_workers_are_known_by_name(tx: Transaction) -> None:
    worker = await make_worker(tx, name="one")

    assert await tx.workers.find_by_name("one") is worker
    assert await tx.workers.lock_by_name("two") is None
