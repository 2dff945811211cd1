"""AttuneError to ApplicationError, in one interceptor around every activity.

An error that is not ours is logged here and reaches the history without its text,
which may hold what a user gave us.
"""

import logging
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from attune.domain.errors import AttuneError
from attune.messages.names import UNEXPECTED

logger = logging.getLogger(__name__)


class FailureTranslation(Interceptor):
    """Gives each activity of a worker the translation."""

    def intercept_activity(
        self,
        next: ActivityInboundInterceptor,  # noqa: A002 - the SDK's name
    ) -> ActivityInboundInterceptor:
        """Wrap the next interceptor of the chain."""
        return _TranslatingActivity(next)


class _TranslatingActivity(ActivityInboundInterceptor):
    async def execute_activity(
        self,
        input: ExecuteActivityInput,  # noqa: A002 - the SDK's name
    ) -> Any:
        try:
            return await super().execute_activity(input)
        except AttuneError as error:
            raise to_failure(error) from None
        except FailureError:
            raise
        except Exception as error:
            logger.exception(
                "activity failed", extra={"activity": activity.info().activity_type}
            )
            kind = type(error).__name__
            raise ApplicationError(kind, type=UNEXPECTED) from None


def to_failure(error: AttuneError) -> ApplicationError:
    """Return what Temporal stores for `error`: its code, and no evidence."""
    return ApplicationError(
        error.code, type=error.code, non_retryable=not error.retryable
    )
