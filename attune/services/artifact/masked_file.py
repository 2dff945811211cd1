"""A file that is read with the secrets of an execution masked."""

from typing import BinaryIO, cast

from attune.runtimes.masking import MaskedStream, Masking


class MaskedFile:
    """Reads like the file behind it; a secret across two reads is masked as well."""

    def __init__(self, source: BinaryIO, stream: MaskedStream) -> None:
        self._source = source
        self._stream = stream
        self._is_over = False

    @classmethod
    def of(cls, source: BinaryIO, masking: Masking) -> BinaryIO:
        """Return the file as far as reading goes."""
        return cast("BinaryIO", cls(source, masking.open()))

    def read(self, size: int) -> bytes:
        """Return the next piece; empty at the end only."""
        while not self._is_over:
            piece = self._source.read(size)
            self._is_over = not piece
            shown = self._stream.feed(piece) if piece else self._stream.finish()
            if shown:
                return shown
        return b""
