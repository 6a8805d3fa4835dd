"""What DNS says of our domain, asked of the system's resolvers; no answer is no finding."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PORT = 53
_MX, _TXT = 15, 16
_SECONDS = 2.0
_NO_SUCH_NAME = 3
# RFC 2606 and RFC 6761: names that no DNS has.
_RESERVED = ("localhost", "test", "example", "invalid", "local", "internal")


def is_reserved_domain(domain: str) -> bool:
    """Return whether a domain is one that never stands in DNS."""
    return domain.rpartition(".")[2] in _RESERVED


def missing_records(domain: str) -> list[str]:
    """Return what the domain lacks for mail to come and go, each with what to do; empty where DNS does not answer."""
    return [*_without(domain, _MX, b""), *_without(domain, _TXT, b"v=spf1")]


_ADVICE = {
    _MX: "{0} has no MX record. Add one that names this machine's mail server, or replies may not reach us.",
    _TXT: '{0} has no SPF record, so emails may land in spam. Add a TXT record such as "v=spf1 mx -all".',
}


def _without(domain: str, kind: int, sign: bytes) -> Iterator[str]:
    answer = _ask(domain, kind)
    if answer is not None and not any(sign in record for record in answer):
        yield _ADVICE[kind].format(domain)


def _ask(domain: str, kind: int) -> list[bytes] | None:
    """Return the records of a kind (RFC 1035); None where no resolver answers."""
    number = secrets.token_bytes(2)
    name = b"".join(bytes([len(label)]) + label.encode("ascii") for label in domain.split("."))
    question = number + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + name + b"\x00" + kind.to_bytes(2, "big") + b"\0\1"
    for server in _resolvers():
        with suppress(OSError, IndexError):
            answer = _exchanged(server, question)
            if answer[:2] == number and answer[3] & 15 in (0, _NO_SUCH_NAME) and not answer[2] & 2:
                return list(_records(answer, kind))
    return None


def _exchanged(server: str, question: bytes) -> bytes:
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect((server, _PORT))
        connection.send(question)
        return connection.recv(4096)


def _resolvers() -> list[str]:
    try:
        lines = Path("/etc/resolv.conf").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    return [words[1] for words in map(str.split, lines) if len(words) > 1 and words[0] == "nameserver"]


def _records(answer: bytes, kind: int) -> Iterator[bytes]:
    """Yield the data of each record of a kind among the answers."""
    at = _after_name(answer, 12) + 4
    for _ in range(int.from_bytes(answer[6:8], "big")):
        at = _after_name(answer, at)
        answered, length = int.from_bytes(answer[at : at + 2], "big"), int.from_bytes(answer[at + 8 : at + 10], "big")
        if answered == kind:
            yield answer[at + 10 : at + 10 + length]
        at += 10 + length


def _after_name(answer: bytes, at: int) -> int:
    while answer[at]:
        if answer[at] >= 0xC0:
            return at + 2
        at += answer[at] + 1
    return at + 1
