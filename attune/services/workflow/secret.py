"""What templates of a workflow see of secrets: markers, and what is stored for them."""

import secrets
from copy import copy

from attune.db.repositories.pack import ConfigLayers
from attune.db.repositories.workflow_rows import LockedWorkflow
from attune.domain.json import JsonObject
from attune.domain.reference import Reference, References
from attune.domain.schema import secret_names
from attune.services.pack.configured import configured


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

    def config(self, layers: ConfigLayers) -> tuple[JsonObject, JsonObject]:
        """Return what the pack is configured with, masked, and with markers."""
        found = configured(layers.schema, layers.base, layers.own)
        marked = dict(found.values)
        for name in found.secret:
            source: JsonObject = {"config": name, "pack": self._workflow.pack_ref}
            marked[name] = self._references.mark({**source, "own": True})
        return found.masked(), marked

    def keystore(self, paths: frozenset[tuple[str, ...]]) -> JsonObject:
        """Return what `keystore` is in templates that read these paths.

        A key of the workflow's pack or action may be read, and what its author and who
        executes it may decrypt.
        """
        workflow = self._workflow
        context: JsonObject = {
            "pack": workflow.pack_ref,
            "action": workflow.action_ref,
            "author": workflow.author,
            "own": True,
        }
        return self._references.keystore(paths, context)

    def extract(self, parameters: JsonObject) -> tuple[JsonObject, list[Reference]]:
        """Return parameters as they are stored, and which secrets belong where."""
        return self._references.extract(parameters)
