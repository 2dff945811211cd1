"""What templates of a rule see of secrets: markers, and what is stored for them."""

import secrets
from collections.abc import Mapping

from attune.domain.json import Json, JsonObject
from attune.domain.keystore import KEYSTORE, keystore_of
from attune.domain.reference import Reference, References
from attune.services.event.rulebook import CompiledRule


class MatchSecrets:
    """The markers of one match; what they stand for is read only for a worker.

    What the rule's owner may decrypt decides then what they give.
    """

    def __init__(self, rule: CompiledRule) -> None:
        self._rule = rule
        has_any = rule.keystore or rule.secret_config
        self._references = References(secrets.token_hex(16)) if has_any else None
        self._context: JsonObject = {
            "pack": rule.ref.partition(".")[0],
            "author": rule.owner_id,
            "own": False,
        }

    def within(self, scope: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the scope with a marker for every secret that can be handed on."""
        if self._references is None:
            return scope
        config = dict(self._rule.pack_config)
        for name in self._rule.secret_config:
            config[name] = self._references.mark({"config": name, **self._context})
        markers = self._references.keystore(self._rule.keystore, self._context)
        return {
            **scope,
            "pack": {"config": config},
            KEYSTORE: keystore_of(markers, self._rule.keystore),
        }

    def extract(self, parameters: JsonObject) -> tuple[JsonObject, list[Reference]]:
        """Return parameters as they are stored, and which secrets belong where."""
        if self._references is None:
            return parameters, []
        return self._references.extract(parameters)
