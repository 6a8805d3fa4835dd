"""OpenPGP: certificates, and the signatures that they made."""

from collections.abc import Sequence
from typing import Any


class NoKey(ValueError):
    """These bytes are no public key."""


def fingerprint(key: bytes) -> str:
    """Return the fingerprint of a certificate. Raises NoKey."""
    return str(_cert(key).fingerprint)


def public(key: bytes) -> bytes:
    """Return a certificate in the form in which it is kept, without secrets. Raises NoKey."""
    return str(_cert(key)).encode()


def _cert(key: bytes) -> Any:
    from pysequoia import Cert

    try:
        return Cert.from_bytes(key)
    except Exception as error:  # The library names no class of its own.
        raise NoKey(str(error)) from error


def verified_content(signature: bytes, content: bytes | None, keys: Sequence[bytes]) -> bytes | None:
    """Return the bytes that one of these certificates has signed; None if none has, or the signature is no good."""
    from pysequoia import Sig, verify

    certificates = [_cert(key) for key in keys]
    try:
        if content is None:
            result = verify(signature, lambda _ids: certificates)
            return result.bytes if result.valid_sigs else None
        result = verify(content, lambda _ids: certificates, signature=Sig.from_bytes(signature))
        return content if result.valid_sigs else None
    except Exception:  # Whatever the library finds wrong with a foreign signature.
        return None
