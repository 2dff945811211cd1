"""Requests drawn from the OpenAPI document, and answers held against it.

What is drawn are valid and invalid values in every place, at the edges of what the
document allows and at random, by schemathesis. So that they reach what lies behind the
door, about half of them name things that are there.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import hypothesis
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from requests import PreparedRequest, Request
from schemathesis import Case as AnyCase
from schemathesis import GenerationMode, Response
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.generation.drivers import CoverageGenerator
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.overrides import Override
from schemathesis.schemas import APIOperation as AnyOperation

from tests.integration.api.exchange import exchange
from tests.integration.api.owned import Owned
from tests.integration.api.people import EVERYTHING, Api

Case = AnyCase[Any]
APIOperation = AnyOperation[Any, Any, Any, Any]

ADDRESS: Final = "http://attune"
MOST: Final = 1500
"""Characters that are shown of a request and of its answer."""

CHECKED: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
)

BY_ITSELF: Final = {"POST /api/v1/events/batch"}
"""Each event of a batch is taken or refused by itself: the answer is 200 and says so."""

NAMED: Final[Mapping[str, str]] = {
    "pack_ref": "packs",
    "action_ref": "actions",
    "action": "actions",
    "trigger_ref": "triggers",
    "runtime_ref": "runtimes",
    "rule_ref": "rules",
    "execution": "executions",
    "execution_id": "executions",
    "identity_id": "identities",
    "assigned_to": "identities",
    "permission_set_ref": "set",
    "owner_pack_ref": "packs",
    "owner_action_ref": "actions",
    "owner_sensor_ref": "sensors",
}
"""Fields and parameters that name a thing, by the word under which it is owned."""


@dataclass(frozen=True)
class Finding:
    """One way in which an operation and the document disagree."""

    operation: str
    title: str
    message: str
    example: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.operation, self.message

    def __str__(self) -> str:
        return f"{self.operation}: {self.title}\n{self.message}\n{self.example}"


@dataclass(frozen=True)
class Examiner:
    """Asks as somebody who may do everything, and owns one of everything."""

    api: Api
    owned: Owned
    headers: Mapping[str, str]

    @classmethod
    async def of(cls, api: Api, owned: Owned) -> "Examiner":
        """Let the owner do everything, but let nothing befall them."""
        someone = await api.person()
        async with api.database.transaction() as tx:
            await api.assign(owned.who.id, EVERYTHING, tx)
        things = {**owned.things, "identities": someone.id, "login": someone.login}
        return cls(api, Owned(owned.who, things), owned.who.headers)

    async def examine(self, cases: Sequence[Case], seed: int = 0) -> list[Finding]:
        """Send each of them, and return what is wrong about the answers."""
        found: dict[tuple[str, str], Finding] = {}
        for place, case in enumerate(cases, seed):
            if place % 2 and case.meta is not None:
                self._name_what_is_there(case)
            if self._is_about_ourselves(case):
                continue
            for finding in await self._ask(case):
                found.setdefault(finding.key, finding)
        return list(found.values())

    async def _ask(self, case: Case) -> list[Finding]:
        inside = case.path.startswith("/internal/")
        headers = self.api.worker("examined") if inside else self.headers
        request = prepared(case, headers)
        case.freeze_metadata()
        began = time.monotonic()
        answer = await exchange(self.api.app, request)
        response = Response(
            status_code=answer.status,
            headers=answer.headers,
            content=answer.content,
            request=request,
            elapsed=time.monotonic() - began,
            verify=False,
            stream_cut_short=answer.cut_short,
        )
        return [
            self._found(case, each, answer.content) for each in failures(case, response)
        ]

    def _found(self, case: Case, failure: Failure, content: bytes) -> Finding:
        curl = case.as_curl_command(base_url=ADDRESS)
        return Finding(
            case.operation.label,
            failure.title,
            failure.message,
            f"{curl[:MOST]}\n{content[:MOST].decode(errors='replace')}",
        )

    def _name_what_is_there(self, case: Case) -> None:
        if _is_valid(case, ParameterLocation.PATH):
            case.path_parameters = {
                **case.path_parameters,
                **self.owned.places(case.operation.path),
            }
        if _is_valid(case, ParameterLocation.QUERY):
            case.query = self._naming(case.query)
        if isinstance(case.body, dict) and _is_valid(case, ParameterLocation.BODY):
            case.body = self._naming(case.body)

    def _naming(self, document: dict[str, Any]) -> dict[str, Any]:
        return {
            key: self.owned.things[NAMED[key]]
            if key in NAMED and isinstance(value, str | int)
            else value
            for key, value in document.items()
        }

    def _is_about_ourselves(self, case: Case) -> bool:
        """Tell whether the answer could be that we may not ask any more."""
        path = f"/identities/{self.owned.who.id}"
        return case.method != "GET" and path in case.formatted_path


def _is_valid(case: Case, where: ParameterLocation) -> bool:
    return case.meta is None or not case.meta.is_negative_at(where)


def documented(app: FastAPI) -> list[APIOperation]:
    """Return the operations of the document, in the order in which things can be had."""
    settings = SchemathesisConfig.from_dict(
        {
            "generation": {"with-security-parameters": False},
            "checks": {
                "not_a_server_error": {"expected-statuses": _NO_ERRORS},
                "negative_data_rejection": {"expected-statuses": ["4xx", "501", "503"]},
            },
        }
    )
    schema = schemathesis.openapi.from_dict(app.openapi(), config=settings)
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    order = ("get", "post", "put", "delete")
    return sorted(found, key=lambda operation: order.index(operation.method))


_NO_ERRORS: Final = ["2xx", "3xx", "4xx", "501", "503"]
"""501 is what an installation was not set up for, 503 what goes by; both say so."""


def edges(
    operation: APIOperation, modes: Sequence[GenerationMode] = tuple(GenerationMode)
) -> Iterator[Case]:
    """Yield cases at the edges of what is allowed, always the same ones."""
    yield from CoverageGenerator(
        operation=operation,
        generation_modes=list(modes),
        generation_config=operation.schema.config.generation,
        auth_storage=None,
        override=Override(),
        feedback=NO_FEEDBACK,
    )


def drawn(operation: APIOperation, count: int, seed: int = 0) -> list[Case]:
    """Return so many cases, valid and invalid ones, the same for the same seed."""
    cases: list[Case] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(
        st.one_of([operation.as_strategy(mode) for mode in GenerationMode])
    )
    def collect(case: Case) -> None:
        cases.append(case)

    collect()
    return cases


def prepared(case: Case, headers: Mapping[str, str]) -> PreparedRequest:
    """Return the request as it goes over the line."""
    fields = case.as_transport_kwargs(base_url=ADDRESS, headers=dict(headers))
    return Request(**fields).prepare()


def failures(case: Case, response: Response) -> Sequence[Failure]:
    """Return what the checks have to say about an answer."""
    load_all_checks()
    names = [
        each
        for each in CHECKED
        if each != "negative_data_rejection" or case.operation.label not in BY_ITSELF
    ]
    checks: list[Any] = CHECKS.get_by_names(names)
    try:
        case.validate_response(response, checks=checks)
    except FailureGroup as group:
        return group.exceptions
    return ()
