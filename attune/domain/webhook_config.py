"""The checks of a webhook as people configure them, through the API or in a pack."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject, format_place
from attune.domain.webhook_address import parse_network
from attune.domain.webhook_checks import DEFAULT_PAYLOAD_KB
from attune.domain.webhook_signature import (
    DEFAULT_TOLERANCE_SECONDS,
    LONGEST_TOLERANCE_SECONDS,
    Scheme,
    standard_key,
)

SECRETS: Final = ("secret", "secrets")
KEEP_PREVIOUS: Final = "keep_previous"


def _lowered(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _network_text(text: str) -> str:
    if parse_network(text) is None:
        raise ValueError("must be an address or a network such as 192.0.2.0/24")
    return text


SecretText = Annotated[str, Field(min_length=1, max_length=1024)]
Flag = Annotated[bool, Field(strict=True)]


class WebhookSection(BaseModel):
    """Base of the sections; an unknown key is a slip, and nothing may be open by one."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        populate_by_name=True,
    )


class HmacSection(WebhookSection):
    """What every request must carry to prove who sent it."""

    enabled: Flag = True
    scheme: Annotated[Scheme, BeforeValidator(_lowered)] = Field(
        Scheme.AUTO, validation_alias=AliasChoices("scheme", "format")
    )
    """The form of the proof; `auto` is any signature, by the header that is there."""
    algorithm: Annotated[
        Literal["sha1", "sha256", "sha512"], BeforeValidator(_lowered)
    ] = "sha256"
    """Of `attune` and `github`; the others are always SHA-256."""
    secret: SecretText | None = None
    """Shared with the sender; never shown."""
    secrets: Annotated[list[SecretText], Field(max_length=10)] = []
    """More secrets that will do as well, while one is being replaced."""
    tolerance_seconds: Annotated[
        int, Field(ge=1, le=LONGEST_TOLERANCE_SECONDS, strict=True)
    ] = DEFAULT_TOLERANCE_SECONDS
    """How far the time of a `stripe` or `standard` signature may be from ours."""


class IpWhitelistSection(WebhookSection):
    """The only addresses that may send."""

    enabled: Flag = True
    ips: Annotated[
        list[Annotated[str, AfterValidator(_network_text)]],
        Field(min_length=1, max_length=1_000),
    ]
    """Addresses and networks in CIDR notation."""


class RateLimitSection(WebhookSection):
    """How many deliveries are taken in a time."""

    enabled: Flag = True
    requests: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
    window_seconds: Annotated[int, Field(ge=1, le=86_400, strict=True)]


PayloadKilobytes = Annotated[int, Field(ge=1, le=100_000, strict=True)]


class WebhookConfig(WebhookSection):
    """The checks of one webhook; what is not there is not checked."""

    hmac: HmacSection | None = None
    ip_whitelist: IpWhitelistSection | None = None
    rate_limit: RateLimitSection | None = None
    payload_size_limit_kb: PayloadKilobytes = DEFAULT_PAYLOAD_KB


def merged(config: Mapping[str, Json], changes: Mapping[str, Any]) -> JsonObject:
    """Return the configuration with these changes.

    A section keeps what its change does not name, or names as null; None takes a
    section away.
    """
    result = dict(config)
    for name, change in changes.items():
        if change is None:
            result.pop(name, None)
        elif isinstance(change, dict):
            result[name] = _changed(name, result.get(name), change)
        else:
            result[name] = change
    return result


def _changed(name: str, known: Json, change: JsonObject) -> JsonObject:
    before: JsonObject = known if isinstance(known, dict) else {}
    given: JsonObject = {
        key: value for key, value in change.items() if value is not None
    }
    if name == "hmac":
        given = _keeping_secrets(before, given)
    return {**_renamed(before), **_renamed(given)}


def _keeping_secrets(known: JsonObject, change: JsonObject) -> JsonObject:
    """Return the change; with `keep_previous` the known secrets stay as well.

    So a secret can be replaced at a sender whose deliveries go on meanwhile.
    """
    keeps = change.get(KEEP_PREVIOUS)
    if not isinstance(keeps, bool):
        return change
    kept = {name: value for name, value in change.items() if name != KEEP_PREVIOUS}
    if not keeps:
        return kept
    listed = kept.get("secrets")
    wanted = list(listed) if isinstance(listed, list) else []
    return {**kept, "secrets": [*wanted, *_known_secrets(known, but=kept)]}


def _known_secrets(known: JsonObject, *, but: JsonObject) -> list[Json]:
    more = known.get("secrets")
    every = [known.get("secret"), *(more if isinstance(more, list) else [])]
    given = [but.get("secret"), None]
    if "secret" not in but:
        given.append(known.get("secret"))
    return [secret for secret in every if secret not in given]


def _renamed(section: JsonObject) -> JsonObject:
    """Return the section with the one spelling of its keys."""
    if "format" not in section or "scheme" in section:
        return section
    return {"scheme" if name == "format" else name: v for name, v in section.items()}


def check_config(config: Mapping[str, Json], *, needs_secret: bool = True) -> None:
    """Raise InvalidInput with every place, unless the configuration can be meant."""
    problems = config_problems(config, needs_secret=needs_secret)
    if problems:
        raise InvalidInput("The webhook's checks are not valid", problems=problems)


def config_problems(
    config: Mapping[str, Json], *, needs_secret: bool = True
) -> list[str]:
    """Return what is wrong with a configuration, each with its place."""
    try:
        parsed = WebhookConfig.model_validate(dict(config))
    except ValidationError as invalid:
        return [
            f"{format_place(error['loc'])}: {error['msg'].removeprefix('Value error, ')}"
            for error in invalid.errors(include_url=False, include_input=False)
        ]
    hmac = parsed.hmac
    return [] if hmac is None else _secret_problems(hmac, needed=needs_secret)


def without_secrets(config: Mapping[str, Json]) -> JsonObject:
    """Return the sections that can be read, completed, and no secret of them."""
    shown: JsonObject = {}
    for name in WebhookConfig.model_fields.keys() & config.keys():
        if not config_problems({name: config[name]}, needs_secret=False):
            shown[name] = _shown(name, config[name])
    return shown


def _shown(name: str, value: Json) -> Json:
    parsed = WebhookConfig.model_validate({name: value})
    if parsed.hmac is None:
        shown: JsonObject = parsed.model_dump(mode="json", include={name})
        return shown[name]
    count = len(parsed.hmac.secrets) + (parsed.hmac.secret is not None)
    section: JsonObject = parsed.hmac.model_dump(mode="json", exclude={*SECRETS})
    return {**section, "secret_set": count > 0, "secret_count": count}


def _secret_problems(hmac: HmacSection, *, needed: bool) -> list[str]:
    given = {"hmac.secret": hmac.secret} if hmac.secret else {}
    given |= {f"hmac.secrets[{n}]": text for n, text in enumerate(hmac.secrets)}
    if hmac.enabled and needed and not given:
        return ["hmac.secret: must be given, for without one every request is refused"]
    if hmac.scheme is not Scheme.STANDARD:
        return []
    return [
        f"{place}: must be base64, as secrets of Standard Webhooks are"
        for place, text in given.items()
        if standard_key(text) is None
    ]
