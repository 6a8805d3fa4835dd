"""Claims about what `doctor` says of DNS: only what a DNS server has answered."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Thread

import pytest

from mail_tickets.cli.checking import dns_records
from mail_tickets.cli.checking.dns_records import missing_records

DOMAIN = "tickets.nonprofit.example"
MX, TXT, CNAME = 15, 16, 5
NO_MX = f"{DOMAIN} has no MX record. Add one that names this machine's mail server, or replies may not reach us."
NO_SPF = f'{DOMAIN} has no SPF record, so emails may land in spam. Add a TXT record such as "v=spf1 mx -all".'
# A pointer to the question's name (RFC 1035, 4.1.4).
NAME = b"\xc0\x0c"
TO_MX = (MX, b"\0\x0a\x02mx\xc0\x0c")


def txt(words: bytes) -> tuple[int, bytes]:
    return TXT, bytes([len(words)]) + words


SPF, OTHER = txt(b"v=spf1 mx -all"), txt(b"verification=1")


def record(kind: int, data: bytes) -> bytes:
    return NAME + kind.to_bytes(2, "big") + b"\0\1" + b"\0\0\1\0" + len(data).to_bytes(2, "big") + data


def answer(question: bytes, records: list[tuple[int, bytes]], flags: bytes = b"\x81\x80") -> bytes:
    heads = question[:2] + flags + b"\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0"
    return heads + question[12:] + b"".join(record(*fields) for fields in records)


@contextmanager
def dns(monkeypatch: pytest.MonkeyPatch, replies: Callable[[int, bytes], bytes | None]) -> Iterator[list[bytes]]:
    """A DNS server on loopback; `replies` makes the answer to a question of a kind. Yields the names asked for."""
    names: list[bytes] = []

    def serve() -> None:
        while True:
            question, client = server.recvfrom(512)
            if question == b"end":
                return
            names.append(question[12 : question.index(b"\0", 12)])
            reply = replies(int.from_bytes(question[-4:-2], "big"), question)
            if reply is not None:
                server.sendto(reply, client)

    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        monkeypatch.setattr(dns_records, "_PORT", server.getsockname()[1])
        monkeypatch.setattr(dns_records, "_resolvers", lambda: ["127.0.0.1"])
        monkeypatch.setattr(dns_records, "_SECONDS", 0.3)
        thread = Thread(target=serve)
        thread.start()
        try:
            yield names
        finally:
            server.sendto(b"end", server.getsockname())
            thread.join(10)


@pytest.mark.parametrize(
    ("records", "missing"),
    [
        ([TO_MX, OTHER, SPF], []),
        ([TO_MX, (CNAME, NAME), SPF], []),
        ([TO_MX, OTHER], [NO_SPF]),
        ([SPF], [NO_MX]),
        ([], [NO_MX, NO_SPF]),
    ],
    ids=["both", "with an alias", "no SPF", "no MX", "nothing"],
)
def test_what_a_domain_lacks_is_told(
    monkeypatch: pytest.MonkeyPatch, records: list[tuple[int, bytes]], missing: list[str]
) -> None:
    def replies(kind: int, question: bytes) -> bytes:
        return answer(question, [record for record in records if record[0] in (kind, CNAME)])

    with dns(monkeypatch, replies) as names:
        assert missing_records(DOMAIN) == missing
    assert names == [b"\x07tickets\x09nonprofit\x07example"] * 2


def test_a_name_that_does_not_exist_lacks_both(monkeypatch: pytest.MonkeyPatch) -> None:
    with dns(monkeypatch, lambda _, question: answer(question, [], b"\x81\x83")):
        assert missing_records(DOMAIN) == [NO_MX, NO_SPF]


NO_ANSWERS: dict[str, Callable[[int, bytes], bytes | None]] = {
    "silence": lambda _, _question: None,
    "a failure of the server": lambda _, question: answer(question, [], b"\x81\x82"),
    "a refusal": lambda _, question: answer(question, [], b"\x81\x85"),
    "an answer that was cut": lambda _, question: answer(question, [], b"\x83\x80"),
    "an answer to something else": lambda _, question: answer(b"xx" + question[2:], []),
    "no DNS at all": lambda _, _question: b"?",
    "a record that is not there": lambda _, question: answer(question, [])[:7] + b"\1" + answer(question, [])[8:],
}


@pytest.mark.parametrize("replies", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_no_answer_is_no_finding(
    monkeypatch: pytest.MonkeyPatch, replies: Callable[[int, bytes], bytes | None]
) -> None:
    with dns(monkeypatch, replies):
        assert missing_records(DOMAIN) == []


def test_without_a_resolver_there_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_records, "_resolvers", list)
    assert missing_records(DOMAIN) == []
