"""Which of the platform's runtimes work on this machine."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from attune.domain.runtime import Distributions, ExecutionConfig, RuntimeVersion
from attune.runtimes.probe import OfferedRuntime, RuntimeDefinition, RuntimeProbe
from attune.worker.api_client import WorkerApi

logger = logging.getLogger(__name__)


class RuntimeCatalog:
    """Asks the API what runtimes there are, and the machine which of them work."""

    def __init__(self, api: WorkerApi, probe: RuntimeProbe) -> None:
        self._api = api
        self._probe = probe
        self._probed: Sequence[Mapping[str, Any]] | None = None
        self._offered: Sequence[OfferedRuntime] = ()

    async def offered(self) -> Sequence[OfferedRuntime]:
        """Return what this machine offers, probing only when a definition changed."""
        defined = await self._api.runtimes()
        if defined != self._probed:
            self._offered = await self._probe.offered([_read(one) for one in defined])
            self._probed = defined
        return self._offered


def _read(defined: Mapping[str, Any]) -> RuntimeDefinition:
    config = defined["execution_config"]
    return RuntimeDefinition(
        ref=defined["ref"],
        name=defined["name"],
        distributions=Distributions.model_validate(defined["distributions"]),
        execution_config=ExecutionConfig.model_validate(config) if config else None,
        versions=[
            RuntimeVersion.model_validate(
                {
                    "version": version["version"],
                    "is_default": version["is_default"],
                    "distributions": version["distributions"] or None,
                    "execution_config": version["execution_config"] or None,
                }
            )
            for version in defined["versions"]
        ],
    )
