"""Every error Attune raises on purpose, as one closed family.

AttuneError
├── InvalidInput        422  the request cannot be meant
├── MalformedInput      400  the request cannot be read
├── TooLate             400  it was decided before
├── TooLarge            413  the request is larger than the limit
├── RangeNotSatisfiable 416  none of the bytes that are wanted exists
├── Unauthenticated     401  nobody we know is asking
├── PermissionDenied    403  somebody we know, who may not
├── NotFound            404  absent, or invisible to the caller
├── Conflict            409  it can be meant, but not now
├── PolicyViolated      409  a policy with method cancel refused it
├── RateLimited         429  too many in too short a time
├── NotConfigured       501  this installation has not switched it on
├── ActionFailed        -    the action's own failure, with its result
└── Unavailable         503  try again; the only retryable one
"""

from typing import ClassVar


class AttuneError(Exception):
    """Something went wrong that Attune has a name for."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **evidence: object) -> None:
        super().__init__(message)
        self.message = message
        self.evidence = evidence


class InvalidInput(AttuneError):
    """The request was understood and cannot be meant; evidence names each place."""

    code = "UNPROCESSABLE_ENTITY"

    def __init__(self, message: str, *, problems: list[str] | None = None) -> None:
        evidence = {"problems": problems} if problems else {}
        super().__init__(message, **evidence)
        self.problems = problems or []


class MalformedInput(AttuneError):
    """The bytes of the request are not what they claim to be."""

    code = "BAD_REQUEST"


class TooLate(AttuneError):
    """What the request is about was decided before, by somebody else or by the clock."""

    code = "BAD_REQUEST"


class TooLarge(AttuneError):
    """The request exceeds a published size limit."""

    code = "PAYLOAD_TOO_LARGE"

    def __init__(self, *, what: str, limit: int, unit: str = "bytes") -> None:
        super().__init__(f"{what} is larger than {limit} {unit}", limit=limit)


class RangeNotSatisfiable(AttuneError):
    """The request wants bytes after the end of what there is."""

    code = "RANGE_NOT_SATISFIABLE"

    def __init__(self, *, size: int) -> None:
        super().__init__(f"There are only {size} bytes", size=size)
        self.size = size


class Unauthenticated(AttuneError):
    """The caller did not prove who they are."""

    code = "UNAUTHORIZED"


class PermissionDenied(AttuneError):
    """The caller is known and lacks the grant."""

    code = "FORBIDDEN"

    def __init__(self, message: str | None = None, *, needs: str | None = None) -> None:
        text = message or f"403 forbidden: this needs the permission {needs}"
        super().__init__(text, **({"needs": needs} if needs else {}))


class NotFound(AttuneError):
    """The thing does not exist, or the caller may not know that it does."""

    code = "NOT_FOUND"

    def __init__(self, *, entity: str, ref: str | int) -> None:
        super().__init__(f"{entity} '{ref}' not found", entity=entity, ref=ref)


class Conflict(AttuneError):
    """The request can be meant, but not in the present state of things."""

    code = "CONFLICT"


class PolicyViolated(AttuneError):
    """A policy whose method is cancel refused the execution."""

    code = "POLICY_VIOLATED"


class RateLimited(AttuneError):
    """The caller asked too often."""

    code = "TOO_MANY_REQUESTS"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class NotConfigured(AttuneError):
    """The operation exists and this installation has not switched it on."""

    code = "NOT_IMPLEMENTED"


class ActionFailed(AttuneError):
    """The action ran and ended in its own failure."""

    code = "ACTION_FAILED"


class Unavailable(AttuneError):
    """Something Attune depends on does not answer just now."""

    code = "SERVICE_UNAVAILABLE"
    retryable = True
