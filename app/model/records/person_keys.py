"""The public keys of people, and the signed words that have proven somebody once; signatures.py works with them."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import CREDENTIAL, Base


class PersonKey(Base):
    """A public key that proves its person: an OpenPGP certificate, or one of S/MIME."""

    __tablename__ = "person_key"
    __table_args__ = (UniqueConstraint("person_id", "fingerprint"), {"info": CREDENTIAL})

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str]
    fingerprint: Mapped[str]
    public: Mapped[bytes]
    added: Mapped[datetime]


class UsedSignature(Base):
    """The digest of signed words that have proven their writer: whoever saw them could send them again."""

    __tablename__ = "used_signature"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime]
