"""More doors for secrets: sensors, timers, signed webhooks, tokens, and wrong requests."""

from collections.abc import Mapping

from tests.support.eventually import eventually
from tests.support.trail import Trail
from tests.support.trail_keys import JAGGED

TELLING_SENSOR = """
told="$ATTUNE_SENSOR_CONFIG_PASSWORD"
echo "$told $(printf %s "$told" | base64 -w0) $ATTUNE_API_TOKEN"
echo "refused: $told" >&2
exec sleep 1000
"""


async def start_sensor(trail: Trail) -> None:
    """Run a sensor that tells its configuration and its token, and has a key."""
    person, pack = trail.person, trail.pack
    trigger = {"ref": f"{pack}.sensed", "label": "Sensed", "pack_ref": pack}
    schema = {"pin": {"type": "string", "secret": True}}
    await person.post("/api/v1/triggers", trigger | {"param_schema": schema})
    sensor = {
        "ref": f"{pack}.sensor",
        "label": "Sensor",
        "pack_ref": pack,
        "trigger_ref": f"{pack}.sensed",
        "runtime_ref": "core.shell",
        "entrypoint": TELLING_SENSOR,
        "param_schema": {"password": {"type": "string", "secret": True}},
        "config": {"password": trail.new_secret("configuration of a sensor")},
    }
    await person.post("/api/v1/sensors", sensor)
    key = {
        "name": "kept_sensor",
        "owner_type": "sensor",
        "owner_sensor_ref": f"{pack}.sensor",
        "encrypted": True,
        "value": trail.new_secret("key of sensor"),
    }
    await person.post("/api/v1/keys", key)
    await _make_rule(
        trail,
        "sensed",
        f"{pack}.sensed",
        {"pin": trail.new_secret("trigger parameter")},
    )

    async def has_told() -> bool:
        path = f"/api/v1/sensors/{pack}.sensor/logs/stdout"
        answer = await person.http.get(path)
        return answer.is_success and "*** *** ***" in answer.text

    await eventually(has_told, seconds=60)


async def fire_timer(trail: Trail) -> list[int]:
    """Let a timer hand on the secret that its rule has; returns what it executed."""
    ref = f"{trail.pack}.timed"
    params = {"unit": "seconds", "interval": 1}
    secret = {"pin": trail.new_secret("parameter of a timer's rule")}
    await _make_rule(trail, "timed", "core.intervaltimer", params, secret)

    async def has_fired() -> bool:
        return bool(await trail.person.executions_of(ref))

    await eventually(has_fired, seconds=30)
    await trail.person.post(f"/api/v1/rules/{ref}/disable")
    return [each["id"] for each in await trail.person.executions_of(ref)]


async def sign_wrongly(trail: Trail) -> None:
    """Give a webhook a secret, and send it something that is not signed with it."""
    person, ref = trail.person, f"{trail.pack}.signed"
    hook = await person.make_hook(
        ref, f"{trail.pack}.shell", action_params={"pin": "0000"}
    )
    trail.tokens["signed webhook key"] = hook.rsplit("/", 1)[1]
    secret = trail.new_secret("secret of a webhook")
    config = {"hmac": {"enabled": True, "scheme": "github", "secret": secret}}
    answer = await person.http.put(
        f"/api/v1/triggers/{ref}/webhooks/config", json=config
    )
    assert answer.is_success, answer.text
    wrong = {"X-Hub-Signature-256": f"sha256={trail.new_secret('wrong signature')}"}
    body = {"password": trail.new_secret("body that is not signed")}
    refused = await person.http.post(hook, json=body, headers=wrong)
    assert refused.status_code == 401
    trail.answers += [("webhook", answer.content), ("refused", refused.content)]


async def use_tokens(trail: Trail) -> None:
    """Make a token for a program, log in with it, and change a password."""
    person = trail.person
    me = (await person.get("/auth/me"))["data"]["id"]
    path = f"/api/v1/identities/{me}/integration-tokens"
    made = await person.post(path, {"label": "of a program"})
    token = made["data"]["token"]
    # Its beginning and its end are shown, to tell it from others.
    trail.tokens["integration token"] = token[16:-8]
    login = await person.post("/auth/token-login", {"token": token})
    for name in ("access_token", "refresh_token"):
        signature = login["data"][name].rsplit(".", 1)[1]
        trail.tokens[f"{name} of a program"] = signature


async def ask_wrongly(trail: Trail) -> None:
    """Type secrets into requests that are refused, each for another reason."""
    new, pack, http = trail.new_secret, trail.pack, trail.person.http
    rule = {
        "ref": f"{pack}.wrong",
        "label": "Wrong",
        "pack_ref": pack,
        "trigger_ref": f"{pack}.sensed",
        "action_ref": f"{pack}.shell",
    }
    broken = "{{ '" + new("text in a broken template") + "' + }}"
    unknown = "{{ nothing('" + new("text in a wrong template") + "') }}"
    bodies = {
        "/api/v1/keys": {"value": new("value of a wrong key"), "encrypted": "perhaps"},
        "/auth/change-password": {
            "current_password": new("wrong current password"),
            "new_password": new("new password", JAGGED),
        },
        "/auth/register": {"login": "x", "password": new("password of nobody")},
        "/auth/token-login": {"token": new("wrong integration token")},
        "/api/v1/identities": {"login": "x y", "password": [new("password in a list")]},
        "/api/v1/executions/execute": {
            "action_ref": pack,
            "parameters": [new("parameters in a list")],
        },
    }
    refused = [await http.post(path, json=body) for path, body in bodies.items()]
    refused += [
        await http.post("/api/v1/rules", json=rule | {"action_params": {"pin": each}})
        for each in (broken, unknown)
    ]
    query = {"nonsense": new("unknown parameter of a query"), "page": "x"}
    refused.append(await http.get("/api/v1/keys", params=query))
    codes = {str(each.url): each.status_code for each in refused}
    assert {code // 100 for code in codes.values()} == {4}, codes
    trail.answers += [
        (f"refusal {number} by {each.url.path}", each.content)
        for number, each in enumerate(refused)
    ]


async def _make_rule(
    trail: Trail,
    name: str,
    trigger: str,
    trigger_params: Mapping[str, object],
    action_params: Mapping[str, object] | None = None,
) -> None:
    body = {
        "ref": f"{trail.pack}.{name}",
        "label": name,
        "pack_ref": trail.pack,
        "trigger_ref": trigger,
        "trigger_params": trigger_params,
        "action_ref": f"{trail.pack}.shell",
        "action_params": action_params or {"pin": "0000"},
    }
    await trail.person.post("/api/v1/rules", body)
