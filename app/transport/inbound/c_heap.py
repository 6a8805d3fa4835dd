"""The heap of the C library, which keeps what large mail took unless it is told otherwise."""

from contextlib import suppress

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BLOCK = 1 << 20


def keep_heap_small() -> None:
    """Let glibc give large blocks back to the system when they are freed, and let it give threads no heap of their own.

    By itself glibc raises both thresholds to the size of the largest block that was freed, and then keeps such blocks.
    Each thread would fill and keep its own heap, though Python runs one thread at a time. To be called before threads
    are started.
    """
    # Other C libraries have no such thresholds, and not this function.
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)
        # The ratio that glibc itself keeps to.
        library.mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE_BLOCK)
