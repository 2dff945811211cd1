"""What templates of a workflow see of secrets: markers, and what is stored for them."""

import secrets
from collections.abc import Mapping
from copy import copy

from attune.db.repositories.workflow_run import LockedWorkflow
from attune.domain.json import Json, JsonObject
from attune.domain.reference import Reference, References
from attune.domain.schema import REDACTED, secret_names
from attune.services.sealing import is_sealed


class WorkflowSecrets:
    """The markers of one step; what they stand for is read only for a worker."""

    def __init__(self, workflow: LockedWorkflow) -> None:
        self._workflow = workflow
        self._references = References(secrets.token_hex(16))

    def parameters(self) -> JsonObject | None:
        """Return the workflow's own parameters with markers; None without secrets."""
        workflow = self._workflow
        referring = {str(each["path"][0]) for each in workflow.secret_references or ()}
        hidden = {
            name
            for name in secret_names(workflow.param_schema) | referring
            if name in workflow.config
        }
        if not hidden:
            return None
        marked = copy(workflow.config)
        for name in hidden:
            source: JsonObject = {"execution": workflow.id, "parameter": name}
            marked[name] = self._references.mark(source)
        return marked

    def config(self, config: Mapping[str, Json]) -> tuple[JsonObject, JsonObject]:
        """Return the pack's configuration masked, and with markers."""
        masked, marked = dict(config), dict(config)
        for name, value in config.items():
            if is_sealed(value):
                masked[name] = REDACTED
                marked[name] = self._references.mark(
                    {"config": name, "pack": self._workflow.pack_ref}
                )
        return masked, marked

    def keystore(self, paths: frozenset[tuple[str, ...]]) -> JsonObject:
        """Return what `keystore` is in templates that read these paths."""
        return self._references.keystore(paths)

    def extract(self, parameters: JsonObject) -> tuple[JsonObject, list[Reference]]:
        """Return parameters as they are stored, and which secrets belong where.

        A key is looked for among those of the workflow's pack and of its action.
        """
        stored, references = self._references.extract(parameters)
        for reference in references:
            for part in reference["parts"]:
                if isinstance(part, dict) and "key" in part:
                    part["pack"] = self._workflow.pack_ref
                    part["action"] = self._workflow.action_ref
        return stored, references
