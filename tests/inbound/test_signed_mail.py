"""Claims about signed mail: a good signature by a key that is kept for a person proves them, for what it covers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage, Message
from email.policy import SMTP
from functools import cache
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from pysequoia import SignatureMode, Tsk, sign

from mail_tickets.cli.administration import people as command
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.registration import add_alias
from mail_tickets.model.records.signatures import add_key
from tests.support.world import DOMAIN, World

RITA, EVE = "rita@team.example", "eve@elsewhere.example"


@cache
def pgp(email: str) -> Any:
    """An OpenPGP certificate with its secrets."""
    return Tsk.generate(user_id=f"<{email}>")


@cache
def smime(email: str, kind: str) -> tuple[x509.Certificate, Any]:
    """An S/MIME certificate and its private key."""
    key: Any = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, email)])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
    return builder.not_valid_after(begin + timedelta(days=3650)).sign(key, hashes.SHA256()), key


def entity(words: str, subject: str = "") -> bytes:
    """A part as it is signed, in the canonical form; its subject is a protected header."""
    head = f"Subject: {subject}\r\n" if subject else ""
    body = words.replace("\n", "\r\n")
    return f'Content-Type: text/plain; charset="utf-8"\r\n{head}\r\n{body}\r\n'.encode()


def _signed(content: bytes, signature: bytes, type_: str) -> bytes:
    head = f'Content-Type: multipart/signed; boundary="b"; protocol="{type_}"; micalg=x\r\n\r\n'.encode()
    second = f"Content-Type: {type_}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
    return head + b"--b\r\n" + content + b"\r\n--b\r\n" + second + signature + b"\r\n--b--\r\n"


def pgp_mime(email: str, words: str, subject: str = "") -> bytes:
    content = entity(words, subject)
    return _signed(
        content, sign(pgp(email).signer(), content, mode=SignatureMode.DETACHED), "application/pgp-signature"
    )


def clear_signed(email: str, words: str, _subject: str = "") -> bytes:
    text = sign(pgp(email).signer(), words.encode(), mode=SignatureMode.CLEAR)
    return b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _pkcs7(email: str, content: bytes, *options: pkcs7.PKCS7Options, kind: str = "rsa") -> bytes:
    certificate, key = smime(email, kind)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


def smime_detached(email: str, words: str, subject: str = "", kind: str = "rsa") -> bytes:
    content = entity(words, subject)
    signature = _pkcs7(email, content, pkcs7.PKCS7Options.DetachedSignature, kind=kind)
    mail = _signed(content, _base64(signature), "application/pkcs7-signature")
    return mail.replace(b"Encoding: 8bit", b"Encoding: base64")


def smime_elliptic(email: str, words: str, subject: str = "") -> bytes:
    return smime_detached(email, words, subject, "ec")


def smime_opaque(email: str, words: str, subject: str = "") -> bytes:
    head = b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + _base64(_pkcs7(email, entity(words, subject)))


def _base64(content: bytes) -> bytes:
    part = Message()
    part.set_payload(content)
    from email.encoders import encode_base64

    encode_base64(part)
    return str(part.get_payload()).replace("\n", "\r\n").encode()


KINDS = (pgp_mime, clear_signed, smime_detached, smime_elliptic, smime_opaque)
Kind = Callable[..., bytes]


class Desk:
    """Rita answers for General, where tickets 1 and 2 are; her keys are kept."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.responder(RITA, "Rita")
        world.responder("sam@team.example", "Sam")
        for _ in range(2):
            world.actor("ann@home.example", "Ann").writes("hello", "Please help.")
        certificates = (smime(RITA, "rsa")[0], smime(RITA, "ec")[0])
        with world.uow() as uow:
            for key in (
                str(pgp(RITA).extract_certificate()).encode(),
                *(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates),
            ):
                add_key(uow, get_person(uow, RITA), key)
        self.sent = 0

    def brings(self, signed: bytes, sender: str = RITA, ticket: int = 1, **headers: str) -> None:
        self.sent += 1
        top = EmailMessage(SMTP)
        top["From"], top["To"] = sender, f"ticket{ticket}@{DOMAIN}"
        top["Message-ID"] = f"<{self.sent}@team.example>"
        for name, value in headers.items():
            top[name] = value
        raw = top.as_bytes().rstrip(b"\r\n") + b"\r\n" + signed
        self.world.brings(raw, sender, f"ticket{ticket}@{DOMAIN}")

    def priority(self, ticket: int = 1) -> object:
        return self.world.ticket(ticket)["priority"]


@pytest.fixture
def desk(small_inbox: World) -> Desk:
    return Desk(small_inbox)


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_signature_proves_who_wrote(desk: Desk, kind: Kind) -> None:
    desk.brings(kind(RITA, "Priority: 7\n\nI look at ticket #1.\n- soon"))
    message = desk.world.ticket()["messages"][-1]
    assert (desk.priority(), message["verified"]) == (7, True)
    assert message["text"].startswith("I look at ticket #1.")
    assert "SIGN" not in desk.world.actor("ann@home.example").letter().text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not clear_signed])
def test_the_number_may_stand_in_the_signed_subject(desk: Desk, kind: Kind) -> None:
    desk.brings(kind(RITA, "Priority: 7", "Re: [General #1] Hello"))
    assert desk.priority() == 7


@pytest.mark.parametrize("kind", KINDS)
def test_it_proves_nothing_on_another_ticket_or_without_a_number(desk: Desk, kind: Kind) -> None:
    desk.brings(kind(RITA, "Priority: 7\n\nFor #1."), ticket=2)
    desk.brings(kind(RITA, "Priority: 7\n\nFor 1 and #12."), Subject="Re: [General #1] Hello")
    assert (desk.priority(1), desk.priority(2)) == (None, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_replay_proves_nothing(desk: Desk, kind: Kind) -> None:
    signed = kind(RITA, "Priority: 7\n\nFor #1.")
    desk.brings(signed)
    desk.world.sets(1, RITA, priority=1)
    desk.brings(signed)
    assert desk.priority() == 1


def in_other_lines(signed: bytes) -> bytes:
    """Clear-signed words with other line ends, which the signature covers, too."""
    head, _, words = signed.partition(b"\r\n\r\n")
    encoded = words.replace(b"=", b"=3D").replace(b"\r\nRita", b"=0ARita")
    return head + b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + encoded


def with_blanks(signed: bytes) -> bytes:
    """Clear-signed words with blanks at the ends of lines, which the signature leaves out."""
    return signed.replace(b"For #1.", b"For #1. \t")


@pytest.mark.parametrize("form", [in_other_lines, with_blanks])
def test_a_replay_in_another_form_proves_nothing(desk: Desk, form: Callable[[bytes], bytes]) -> None:
    signed = clear_signed(RITA, "Priority: 7\n\nFor #1.\nRita")
    desk.brings(form(signed))
    assert desk.priority() == 7
    desk.world.sets(1, RITA, priority=1)
    desk.brings(signed)
    assert desk.priority() == 1


def test_a_signature_over_text_proves_nothing_again_with_other_line_ends(desk: Desk) -> None:
    content = entity("Priority: 7\n\nFor #1.\nRita").removesuffix(b"\r\n")
    parts = sign(pgp(RITA).signer(), content, mode=SignatureMode.CLEAR).partition(b"-----BEGIN PGP SIGNATURE")
    signature = b"".join(parts[1:])
    desk.brings(_signed(content, signature, "application/pgp-signature"))
    assert desk.priority() == 7
    desk.world.sets(1, RITA, priority=1)
    desk.brings(_signed(content.replace(b"\r\nRita", b"\rRita"), signature, "application/pgp-signature"))
    assert desk.priority() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_proves_its_own_person_alone(desk: Desk, kind: Kind) -> None:
    desk.brings(kind(RITA, "Priority: 7\n\nFor #1."), sender="sam@team.example")
    desk.brings(kind(EVE, "Priority: 8\n\nFor #1."))
    assert desk.priority() is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not smime_opaque])
def test_words_that_were_changed_or_added_prove_nothing(desk: Desk, kind: Kind) -> None:
    desk.brings(kind(RITA, "Priority: 7\n\nFor #1.").replace(b"Priority: 7", b"Priority: 9"))
    assert desk.priority() is None


def test_words_around_what_was_signed_prove_nothing(desk: Desk) -> None:
    clear = clear_signed(RITA, "I look at #1.")
    desk.brings(clear.replace(b"\r\n\r\n", b"\r\n\r\nPriority: 9\r\n\r\n", 1))
    inner = pgp_mime(RITA, "I look at #1.")
    head = b'Content-Type: multipart/mixed; boundary="m"\r\n\r\n'
    first = b"--m\r\nContent-Type: text/plain\r\n\r\nPriority: 9\r\n\r\n--m\r\n"
    desk.brings(head + first + inner + b"\r\n--m--\r\n")
    for signed in (clear, inner):
        assert b"Priority" not in signed
    assert desk.priority() is None
    assert all(not message["verified"] for message in desk.world.ticket()["messages"])


def test_two_authors_and_a_disowned_mail_are_proven_by_no_signature(desk: Desk) -> None:
    desk.brings(pgp_mime(RITA, "Priority: 7\n\nFor #1."), sender=f"{RITA}, {EVE}")
    assert desk.priority() is None


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_follows_from_headers_that_no_signature_covers(desk: Desk, kind: Kind) -> None:
    """Whoever sees signed words first can send them with other headers."""
    with desk.world.uow() as uow:
        add_alias(uow, RITA, "rita@old.example")
    desk.brings(kind(RITA, "Priority: 7\n\nFor #1."), sender="rita@old.example", Cc=EVE)
    assert (desk.priority(), desk.world.ticket()["participants"]) == (None, [])
    question = desk.world.actor(RITA).letter()
    assert f"AddCc: {EVE}" in question.text
    assert "Priority: 7" in question.text
    assert desk.world.actor(EVE).letters == desk.world.actor("rita@old.example").letters == []
    desk.world.actor(RITA).replies(question, "yes")
    assert desk.priority() == 7
    assert [participant["email"] for participant in desk.world.ticket()["participants"]] == [EVE]


def test_broken_signatures_prove_nothing_and_are_kept(desk: Desk) -> None:
    for kind in KINDS:
        signed = kind(RITA, "Priority: 7\n\nFor #1.")
        for cut in (len(signed) // 2, len(signed) - 60):
            desk.brings(signed[:cut] + b"\r\n")
    assert desk.priority() is None
    assert len(desk.world.ticket()["messages"]) == 1 + 2 * len(KINDS)


def test_who_is_forgotten_leaves_no_key(desk: Desk) -> None:
    from mail_tickets.model.erasure.erase_person import forget_person
    from mail_tickets.model.records.person_keys import PersonKey

    with desk.world.uow() as uow:
        forget_person(uow, RITA)
    assert desk.world.rows(PersonKey.id) == []


def test_keys_are_listed_and_one_that_is_removed_proves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "open_transaction", desk.world.uow)
    monkeypatch.setattr(command, "open_read_only", desk.world.uow)

    def says(*words: str) -> str:
        return CliRunner().invoke(command.person_key, [RITA, *words]).output

    keys = json.loads(says("--json"))
    assert len(keys) == 3
    assert all(key["fingerprint"] in says() for key in keys)
    fingerprint = keys[0]["fingerprint"]
    assert "has no key abc" in says("--remove", "abc")
    assert "Removed a key" in says("--remove", fingerprint.upper())
    assert fingerprint not in says()
    assert "Give only one" in says("--remove", fingerprint, "--json")
    desk.brings(pgp_mime(RITA, "Priority: 7\n\nI look at ticket #1."))
    assert desk.priority() is None
    desk.brings(smime_detached(RITA, "Priority: 7\n\nI look at ticket #1."))
    assert desk.priority() == 7
