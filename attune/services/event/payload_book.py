"""What payloads of each trigger have to fit, remembered until a definition changes."""

from dataclasses import dataclass
from functools import partial

from attune.db.database import Transaction
from attune.domain.json import Json, JsonObject
from attune.domain.payload_check import PayloadCheck
from attune.domain.schema import validate
from attune.services.memory import Memory


@dataclass(frozen=True, kw_only=True)
class PayloadRule:
    """What the payloads of one trigger have to fit, and what if they do not."""

    check: PayloadCheck
    schema: JsonObject

    @property
    def refuses(self) -> bool:
        """Whether an event whose payload does not fit is not taken."""
        return self.check is PayloadCheck.REFUSE

    def problems(self, payload: Json) -> list[str]:
        """Return what is wrong with a payload, each with its place and no value."""
        if self.check is PayloadCheck.OFF or not self.schema:
            return []
        return validate(self.schema, payload, "payload")


_NOTHING_ASKED = PayloadRule(check=PayloadCheck.OFF, schema={})


class PayloadBook:
    """Remembers what payloads have to fit; one for each process."""

    def __init__(self, *, remembers: bool = True) -> None:
        self._remembers = remembers
        self._rules = Memory[PayloadRule]()

    def forget(self) -> None:
        """Read everything anew; called when any definition has changed."""
        self._rules.forget()

    async def rule_for(self, tx: Transaction, trigger_ref: str) -> PayloadRule:
        """Return the rule of a trigger; nothing is asked for one that nobody has."""
        read = partial(_read, tx, trigger_ref)
        if not self._remembers:
            return await read()
        return await self._rules.recall(trigger_ref, read)


async def _read(tx: Transaction, trigger_ref: str) -> PayloadRule:
    found = await tx.triggers.find_payload_rule(trigger_ref)
    if found is None:
        return _NOTHING_ASKED
    schema, check = found
    return PayloadRule(check=check, schema=schema if isinstance(schema, dict) else {})
