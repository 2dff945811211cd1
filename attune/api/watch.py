"""Whether somebody who was let in may still stay: asked while a long answer lasts."""

import time
from typing import Final

from fastapi import Request

from attune.api.access import CALLER, authenticate
from attune.domain.errors import PermissionDenied, Unauthenticated, Unavailable
from attune.domain.permission import Caller

LOOK_AGAIN_SECONDS: Final = 15.0
"""With what is remembered for seconds, nobody stays a minute longer than they may."""


class Watch:
    """Looks at the token of one request again and again."""

    def __init__(
        self, request: Request, look_again_seconds: float = LOOK_AGAIN_SECONDS
    ) -> None:
        self._request = request
        self._admitted: Caller = request.scope[CALLER]
        self._pause = look_again_seconds
        self._due = time.monotonic() + look_again_seconds

    async def is_over(self) -> bool:
        """Tell whether the token has ended, or no longer allows what it allowed."""
        if time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + self._pause
        try:
            now = await authenticate(self._request)
        except (Unauthenticated, PermissionDenied):
            return True
        except Unavailable:
            return False
        return (now.grants, now.attributes) != (
            self._admitted.grants,
            self._admitted.attributes,
        )
