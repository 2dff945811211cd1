"""Packs over HTTP: seen by whom they concern, changed by those who may."""

from typing import Any

import pytest

from tests.integration.api.installing import get, refs_of, upload
from tests.integration.api.people import Api, Person, grant
from tests.support.packs import MANIFEST, WHOLE


class TestVisibility:
    async def test_a_pack_is_its_owners_alone(self, api: Api, admin: Person) -> None:
        other = await api.administrator()
        await upload(api, admin, WHOLE)

        assert (await get(api, admin, "/packs/demo")).status_code == 200
        assert (await get(api, other, "/packs/demo")).status_code == 404
        assert "demo" not in await refs_of(api, other, "/packs")
        latest = await get(api, other, "/packs/demo/install/latest")
        assert latest.status_code == 404

    async def test_nobody_replaces_what_is_not_theirs(
        self, api: Api, admin: Person
    ) -> None:
        other = await api.administrator()
        await upload(api, admin, WHOLE)

        answer = await upload(api, other, WHOLE, force="true")

        assert answer.status_code == 409

    async def test_replacing_a_standard_pack_takes_the_right_to_delete_it(
        self, api: Api, admin: Person
    ) -> None:
        standard = {**WHOLE, "pack.yaml": WHOLE["pack.yaml"] + "system: true\n"}
        await upload(api, admin, standard)
        editor = await api.person(
            [grant("packs", "read", "install"), grant("actions", "read", "execute")]
        )

        answer = await upload(api, editor, WHOLE, force="true")

        assert answer.status_code == 403

    async def test_a_grant_that_names_the_pack_opens_it(
        self, api: Api, admin: Person
    ) -> None:
        await upload(api, admin, WHOLE)
        friend = await api.person([grant("packs", "read", pack_refs=["demo"])])

        assert (await get(api, friend, "/packs/demo")).status_code == 200


class TestGrants:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "/packs", None),
            ("GET", "/packs/demo", None),
            ("POST", "/packs", {"ref": "x1", "label": "X", "version": "1.0.0"}),
            ("PUT", "/packs/demo", {"label": "X"}),
            ("DELETE", "/packs/demo", None),
            ("POST", "/packs/register", {"path": "/etc"}),
            ("POST", "/packs/install", {"source": "/etc"}),
            ("GET", "/packs/install/1", None),
            ("GET", "/packs/demo/install/latest", None),
        ],
    )
    async def test_every_route_asks_for_a_grant(
        self, api: Api, method: str, path: str, body: Any
    ) -> None:
        nobody = await api.person()

        known = await api.client.request(
            method, f"/api/v1{path}", json=body, headers=nobody.headers
        )
        unknown = await api.client.request(method, f"/api/v1{path}", json=body)

        assert known.status_code == 403
        assert unknown.status_code == 401

    async def test_nobody_installs_more_rights_than_they_have(
        self, api: Api, admin: Person
    ) -> None:
        del admin
        editor = await api.person(
            [grant("packs", "read", "install"), grant("keys", "read")]
        )
        text = "grants: [{resource: keys, actions: [read, decrypt]}]"

        answer = await upload(
            api, editor, {**MANIFEST, "permission_sets/mine.yaml": text}
        )

        assert answer.status_code == 403

    async def test_a_rule_starts_only_what_its_installer_may_start(
        self, api: Api, admin: Person
    ) -> None:
        del admin
        installer = await api.person(
            [
                grant("packs", "read", "install"),
                grant("actions", "read"),
                grant("triggers", "read"),
            ]
        )
        rule = "trigger_ref: core.alert\naction_ref: core.noop"

        answer = await upload(api, installer, {**MANIFEST, "rules/r.yaml": rule})

        assert answer.status_code == 403
