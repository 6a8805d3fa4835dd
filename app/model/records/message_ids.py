"""The Message-IDs of our letters, which nobody can guess, and the id of this database."""

import hmac
import re
import secrets
from hashlib import sha256

from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import Base
from ..storage.unit_of_work import UnitOfWork
from .our_domains import our_domains


class Secret(Base):
    """A key that was made with this database, and goes wherever it goes."""

    __tablename__ = "secret"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


_LETTERS = "letters"
# With the header's name before it, within the 998 octets of a line (RFC 5322 2.1.1).
_LONGEST_ID = 980
# The end of the local part; whoever has that much of an id can write the rest.
_END = re.compile(rb"\.[0-9a-fA-F]{32}(?![0-9a-fA-F])")
_OURS = re.compile(r"<([0-9a-f]{16})\.([0-9a-f]{32})@[^<>@]+>")


def new_message_id(uow: UnitOfWork) -> str:
    """A Message-ID of ours (RFC 5322 3.6.4), with a keyed token that nobody can guess."""
    return _message_id(uow, digits_by_time(uow, 4))


def digits_by_time(uow: UnitOfWork, count: int) -> str:
    """Return eight hexadecimal digits of the present second, and those of so many bytes that nobody can guess.

    So names that are given at once are neighbours in their index, and change one page of it and not one each.
    """
    return f"{int(uow.now.timestamp()) & 0xFFFF_FFFF:08x}{secrets.token_hex(count)}"


def message_id_of(uow: UnitOfWork, name: str) -> str:
    """Return the Message-ID of ours that belongs to a name: each time the same, and nobody else can make it."""
    return _message_id(uow, keyed_digits(uow, name, 16))


def _message_id(uow: UnitOfWork, nonce: str) -> str:
    return f"<{nonce}.{_token(uow, nonce)}@{uow.domain}>"


def keyed_digits(uow: UnitOfWork, name: str, count: int) -> str:
    """Return hexadecimal digits that stand for a name, and from which nobody learns it; at most 32."""
    return _token(uow, f"name {name}")[:count]


def _token(uow: UnitOfWork, nonce: str) -> str:
    """Return what the key of this database's letters, made with it, says of a nonce."""
    if _LETTERS not in uow.kept:
        uow.kept[_LETTERS] = uow.session.get_one(Secret, _LETTERS).value
    return hmac.new(bytes.fromhex(uow.kept[_LETTERS]), nonce.encode(), sha256).hexdigest()[:32]


def tracker_id(uow: UnitOfWork) -> str:
    """Sixteen hexadecimal digits that tell this database from all others; the key cannot be read from them."""
    return _token(uow, "tracker")[:16]


def loop_mark(uow: UnitOfWork) -> str:
    """What tells that an automatic mail came through this database, at this domain."""
    return keyed_digits(uow, f"loop {uow.domain}", 16)


def is_our_id(uow: UnitOfWork, message_id: str) -> bool:
    """Whether a Message-ID bears the token of our key."""
    match = _OURS.fullmatch(message_id)
    return match is not None and hmac.compare_digest(match[2], _token(uow, match[1]))


def our_ids_in(uow: UnitOfWork, content: bytes) -> set[str]:
    """Return the ids of our letters in these bytes, wherever they stand."""
    locals_ = {content[max(0, match.start() - 16) : match.end()].lower() for match in _END.finditer(content)}
    names = [local.decode("ascii", "replace") for local in locals_]
    ids = (f"<{name}@{domain}>" for name in names for domain in our_domains(uow))
    return {message_id for message_id in ids if is_our_id(uow, message_id)}


def sendable(message_id: str) -> bool:
    """Return whether somebody else's Message-ID can stand in a header of ours."""
    return message_id.isascii() and message_id.isprintable() and len(message_id) <= _LONGEST_ID
