"""Who has signed a mail: the keys of people, and signatures that are good and new."""

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import select

from ...mail.signed import openpgp, smime
from ...mail.signed.openpgp import NoKey
from ...mail.signed.signed_words import OPENPGP, SMIME, Signed
from ..storage.unit_of_work import UnitOfWork
from .people import Person
from .person_keys import PersonKey, UsedSignature


def add_key(uow: UnitOfWork, person: Person, key: bytes) -> PersonKey:
    """Keep a public key for a person; one that is there already is replaced. Raises NoKey."""
    kind, module = (OPENPGP, openpgp) if _is_openpgp(key) else (SMIME, smime)
    fingerprint, public = module.fingerprint(key), module.public(key)
    same = PersonKey.person_id == person.id, PersonKey.fingerprint == fingerprint
    row = uow.session.scalars(select(PersonKey).where(*same)).one_or_none()
    if row is None:
        row = PersonKey(person_id=person.id, kind=kind, fingerprint=fingerprint)
        uow.session.add(row)
    row.public, row.added = public, uow.now
    uow.session.flush()
    return row


def _is_openpgp(key: bytes) -> bool:
    if b"BEGIN PGP" in key:
        return True
    try:
        openpgp.fingerprint(key)
    except NoKey:
        return False
    return True


def keys_of(uow: UnitOfWork, person: Person) -> Sequence[PersonKey]:
    """Return the keys of a person, oldest first."""
    return uow.session.scalars(select(PersonKey).where(PersonKey.person_id == person.id).order_by(PersonKey.id)).all()


def remove_key(uow: UnitOfWork, person: Person, fingerprint: str) -> PersonKey | None:
    """Forget a key of a person, by its fingerprint, whose spaces and colons do not count; None if there is none."""
    wanted = "".join(sign for sign in fingerprint if sign not in " :").casefold()
    row = next((key for key in keys_of(uow, person) if key.fingerprint.casefold() == wanted), None)
    if row is not None:
        uow.session.delete(row)
        uow.session.flush()
    return row


def verified_content(uow: UnitOfWork, person: Person, signed: Signed) -> bytes | None:
    """Return what a key of this person has signed; None if the signature is no good, or of somebody else."""
    keys = [row.public for row in keys_of(uow, person) if row.kind == signed.kind]
    if not keys:
        return None
    if signed.kind == OPENPGP:
        return openpgp.verified_content(signed.signature, signed.content, keys)
    return smime.verified_content(signed.signature, signed.content, keys, uow.now)


def is_used(uow: UnitOfWork, content: bytes) -> bool:
    """Return whether these signed words have proven somebody before."""
    return uow.session.get(UsedSignature, _digest(content)) is not None


def mark_used(uow: UnitOfWork, content: bytes) -> None:
    """Let these signed words prove nobody any more."""
    uow.session.merge(UsedSignature(digest=_digest(content), at=uow.now))


def _digest(content: bytes) -> bytes:
    """Return the digest of signed words, the same for every form in which one signature covers them.

    A signature over text holds for any kind of line end, and without blanks at the end of a line (RFC 9580 5.2.1.2, 7).
    """
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return sha256(b"\n".join(line.rstrip(b" \t") for line in lines).strip(b"\n")).digest()
