"""S/MIME: certificates, and the signatures that their keys made (RFC 5652).

Only a certificate that is kept for a person counts. Who has signed it does not matter.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..containers import cms
from .openpgp import NoKey

_DIGESTS = ("sha256", "sha384", "sha512")


def fingerprint(key: bytes) -> str:
    """Return the SHA-256 fingerprint of a certificate. Raises NoKey."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return str(_certificate(key).fingerprint(SHA256()).hex())


def public(key: bytes) -> bytes:
    """Return a certificate in the form in which it is kept. Raises NoKey."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return bytes(_certificate(key).public_bytes(Encoding.PEM))


def _certificate(key: bytes) -> Any:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(key) if b"-----BEGIN" in key else x509.load_der_x509_certificate(key)
    except ValueError as error:
        raise NoKey(str(error)) from error


def verified_content(signature: bytes, content: bytes | None, keys: Sequence[bytes], now: datetime) -> bytes | None:
    """Return the bytes that the key of one of these certificates, valid `now`, has signed; None if none has."""
    from asn1crypto import cms as asn1

    signed = cms.signed_content(signature) if content is None else content
    certificates = [certificate for certificate in map(_certificate, keys) if _is_valid(certificate, now)]
    if signed is None or not certificates:
        return None
    try:
        signers = list(asn1.ContentInfo.load(signature)["content"]["signer_infos"])[:10]
        good = any(
            _is_good(signer, signed, certificate.public_key()) for signer in signers for certificate in certificates
        )
    except Exception:  # Foreign bytes; the library raises whatever comes.
        return None
    return signed if good else None


def _is_valid(certificate: Any, now: datetime) -> bool:
    return bool(certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc)


def _is_good(signer: Any, content: bytes, key: Any) -> bool:
    """Whether a signer's signature is one of this key over the content."""
    import hashlib

    name = signer["digest_algorithm"]["algorithm"].native
    if name not in _DIGESTS:
        return False
    attributes, covered = signer["signed_attrs"], content
    if attributes:
        digests = [
            attribute["values"][0].native for attribute in attributes if attribute["type"].native == "message_digest"
        ]
        if digests != [hashlib.new(name, content).digest()]:
            return False
        covered = attributes.untag().dump()
    return _verifies(key, signer["signature_algorithm"].signature_algo, name, signer["signature"].native, covered)


def _verifies(key: Any, kind: str, digest: str, signature: bytes, covered: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    hashing = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[digest]
    pss = padding.PSS(mgf=padding.MGF1(hashing), salt_length=padding.PSS.AUTO)
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind in ("rsassa_pkcs1v15", "rsassa_pss"):
            key.verify(signature, covered, pss if kind == "rsassa_pss" else padding.PKCS1v15(), hashing)
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            key.verify(signature, covered, ec.ECDSA(hashing))
        elif isinstance(key, ed25519.Ed25519PublicKey) and kind == "ed25519":
            key.verify(signature, covered)
        else:
            return False
    except InvalidSignature:
        return False
    return True
