"""The Message-IDs of our letters, which nobody can guess, and the id of this database."""

import hmac
import re
import secrets
from hashlib import sha256

from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import Base
from ..storage.unit_of_work import UnitOfWork


class Secret(Base):
    """A key that was made with this database, and goes wherever it goes."""

    __tablename__ = "secret"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


_LETTERS = "letters"
_OURS = re.compile(r"<([0-9a-f]{16})\.([0-9a-f]{32})@[^<>@]+>")


def new_message_id(uow: UnitOfWork) -> str:
    """A Message-ID of ours (RFC 5322 3.6.4), with a keyed token that nobody can guess."""
    nonce = secrets.token_hex(8)
    return f"<{nonce}.{_token(uow, nonce)}@{uow.domain}>"


def _token(uow: UnitOfWork, nonce: str) -> str:
    return hmac.new(_key(uow), nonce.encode(), sha256).hexdigest()[:32]


def _key(uow: UnitOfWork) -> bytes:
    """The key of this database's letters, made with it."""
    if _LETTERS not in uow.secrets:
        uow.secrets[_LETTERS] = uow.session.get_one(Secret, _LETTERS).value
    return bytes.fromhex(uow.secrets[_LETTERS])


def tracker_id(uow: UnitOfWork) -> str:
    """Sixteen hexadecimal digits that tell this database from all others; the key cannot be read from them."""
    return _token(uow, "tracker")[:16]


def is_our_id(uow: UnitOfWork, message_id: str) -> bool:
    """Whether a Message-ID bears the token of our key."""
    match = _OURS.fullmatch(message_id)
    return match is not None and hmac.compare_digest(match[2], _token(uow, match[1]))
