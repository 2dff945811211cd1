"""The components of a pack, written in the order in which they need each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from attune.db.database import Transaction
from attune.db.models.action import Action
from attune.db.models.pack import Pack
from attune.db.models.permission import PermissionSet
from attune.db.models.policy import Policy
from attune.db.models.rule import Rule
from attune.db.models.runtime import Runtime
from attune.db.models.sensor import Sensor
from attune.db.models.trigger import Trigger
from attune.domain.permission import Caller
from attune.packs.definition import Components, PackDefinition
from attune.packs.problems import Problems
from attune.security.encryption import Encryption
from attune.services.pack import columns
from attune.services.pack.grants import (
    check_acting_sets,
    check_permission_sets,
    check_policies,
)
from attune.services.pack.references import check_rules, check_sensors
from attune.services.pack.runtimes import find_runtimes
from attune.services.pack.webhooks import guard_webhooks
from attune.services.pack.workflows import check_workflows, put_workflows
from attune.services.pack.writing import Rows


@dataclass
class ComponentInstallation:
    """One pack's components on their way into one transaction."""

    tx: Transaction
    caller: Caller
    pack: Pack
    definition: PackDefinition
    encryption: Encryption

    def __post_init__(self) -> None:
        self.problems = Problems()
        self.rows = Rows(self.tx, self.pack)
        self.components: Components = self.definition.components

    async def run(self) -> list[str]:
        """Write everything and return warnings; raises InvalidInput with all problems."""
        await check_permission_sets(self.tx, self.caller, self.components)
        await check_policies(self.tx, self.caller, self.components, self.problems)
        await self._permission_sets()
        await check_acting_sets(self.tx, self.caller, self.components)
        await self._runtimes()
        triggers = await self._triggers()
        runtimes = await find_runtimes(
            self.tx, self.caller, self.components, self.problems
        )
        self.problems.raise_if_any(self.pack.ref)
        await self._actions(runtimes)
        await check_rules(self.tx, self.caller, self.components, self.problems)
        await check_sensors(self.tx, self.caller, self.components, self.problems)
        warnings = await check_workflows(
            self.tx, self.caller, self.definition, self.problems
        )
        self.problems.raise_if_any(self.pack.ref)
        await self._rules()
        await self._sensors(runtimes, triggers)
        await self._policies()
        await self._remove_stale()
        return [*self.rows.warnings, *warnings]

    async def _permission_sets(self) -> None:
        wanted = {
            each.document.ref: columns.permission_set_columns(each.document)
            for each in self.components.permission_sets
        }
        await self.rows.put(self.tx.permission_sets, PermissionSet, wanted)

    async def _runtimes(self) -> None:
        documents = {
            each.document.ref: each.document for each in self.components.runtimes
        }
        wanted = {
            ref: columns.runtime_columns(document)
            for ref, document in documents.items()
        }
        rows = await self.rows.put(self.tx.runtimes, Runtime, wanted)
        for ref, row in rows.items():
            if not row.is_adhoc:
                await self.rows.put_versions(row, documents[ref].versions)

    async def _triggers(self) -> dict[str, Trigger]:
        wanted = {
            each.document.ref: columns.trigger_columns(each.document)
            for each in self.components.triggers
        }
        triggers = await self.rows.put(self.tx.triggers, Trigger, wanted)
        self.rows.warnings += guard_webhooks(
            self.encryption, triggers, self.components.triggers, self.problems
        )
        await self.tx.flush()
        return triggers

    async def _actions(self, runtimes: Mapping[str, str]) -> None:
        workflows = await put_workflows(
            self.rows, self.components, self.caller.identity_id
        )
        wanted = {
            each.document.ref: columns.action_columns(
                each.document, runtimes, workflows.get(each.document.ref)
            )
            for each in self.components.actions
        }
        await self.rows.put(self.tx.actions, Action, wanted)

    async def _rules(self) -> None:
        owner_id = self.caller.identity_id
        wanted = {
            each.document.ref: columns.rule_columns(each.document, owner_id)
            for each in self.components.rules
        }
        await self.rows.put(self.tx.rules, Rule, wanted)
        # By itself: a change of the error alone is not announced to anybody.
        await self.tx.rules.clear_errors(wanted)

    async def _sensors(
        self, runtimes: Mapping[str, str], triggers: Mapping[str, Trigger]
    ) -> None:
        documents = {
            each.document.ref: each.document for each in self.components.sensors
        }
        wanted = {
            ref: columns.sensor_columns(document, runtimes)
            for ref, document in documents.items()
        }
        sensors = await self.rows.put(self.tx.sensors, Sensor, wanted)
        serving = {
            trigger_ref: sensors[ref].id
            for ref, document in documents.items()
            for trigger_ref in document.trigger_refs
        }
        for ref, trigger in triggers.items():
            trigger.sensor_id = serving.get(ref)
            if ref not in serving:
                trigger.sensor_ref = None
        await self.tx.flush()

    async def _policies(self) -> None:
        wanted = {
            each.document.ref: columns.policy_columns(each.document)
            for each in self.components.policies
        }
        await self.rows.put(self.tx.policies, Policy, wanted)

    async def _remove_stale(self) -> None:
        """Remove what is no longer defined, first what refers to other things."""
        tx, components = self.tx, self.components
        await self.rows.remove_stale(tx.policies, components.policies)
        await self.rows.remove_stale(tx.rules, components.rules)
        await self.rows.remove_stale(tx.sensors, components.sensors)
        await self.rows.remove_stale(tx.actions, components.actions)
        await self.rows.remove_stale(tx.workflow_definitions, components.workflows)
        await self.rows.remove_stale(tx.triggers, components.triggers)
        await self.rows.remove_stale(tx.runtimes, components.runtimes)
        await self.rows.remove_stale(tx.permission_sets, components.permission_sets)
