"""Files on their way to browsers. A browser that reads slowly keeps its file in memory, and so there is a bound."""

import threading
from io import BytesIO


class TooManyFiles(Exception):
    """So much is on its way to browsers that no other file is sent now."""


class FilesInHand:
    """Counts the bytes of files on their way, up to a limit; one file is always sent."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self.bytes = 0

    def open(self, content: bytes) -> BytesIO:
        """Return a file that counts until it is closed. Raises TooManyFiles."""
        with self._lock:
            if self.bytes and self.bytes + len(content) > self._most_bytes:
                raise TooManyFiles
            self.bytes += len(content)
        return _FileInHand(content, self)

    def give_back(self, size: int) -> None:
        """Count so many bytes no more."""
        with self._lock:
            self.bytes -= size


class _FileInHand(BytesIO):
    def __init__(self, content: bytes, counted_by: FilesInHand) -> None:
        super().__init__(content)
        self._size = len(content)
        self._counted_by = counted_by

    def close(self) -> None:
        """Give the bytes back. The web server does this once it was sent, and where the browser has left."""
        if not self.closed:
            self._counted_by.give_back(self._size)
        super().close()
