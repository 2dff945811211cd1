"""What a command cannot do, as one readable line and an exit code."""

from attune.cli.exit_code import ExitCode


class CommandError(Exception):
    """The command ends here; the text says what, where, and what would be right."""

    def __init__(
        self,
        message: str,
        *,
        code: ExitCode = ExitCode.FAILED,
        bullets: list[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.bullets = bullets or []

    def lines(self) -> list[str]:
        """Return the lines for standard error."""
        return [f"error: {self.message}", *(f"  - {each}" for each in self.bullets)]


class Refused(CommandError):
    """The server answered and said no."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: ExitCode = ExitCode.FAILED,
        bullets: list[str] | None = None,
    ) -> None:
        super().__init__(message, code=code, bullets=bullets)
        self.status = status


class Unreachable(CommandError):
    """Nobody answered, or the connection broke before the answer was complete."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=ExitCode.UNREACHABLE)


def usage_error(message: str, *bullets: str) -> CommandError:
    """Return the error of a command line that cannot be meant."""
    return CommandError(message, code=ExitCode.USAGE, bullets=list(bullets))
