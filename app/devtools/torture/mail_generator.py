"""The mails of the torture: who writes what to whom, odd bytes included, and where it must end up."""

import random
import threading
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import NamedTuple

DOMAIN = "torture.example"
HELPERS = ("rita@helpers.example", "ron@helpers.example")
QUEUES = {"General": "hello", "Questions": "questions"}
_REQUESTORS = 60
_STRANGERS = 5
# What clients, programs and years of mail have put into bodies: dots that are stuffed, bytes of no charset, bare line
# ends, lines of any length, and what looks like the end of a mail or like commands of the dialogue.
_ODDITIES = (
    b"",
    b".\r\n..\r\n.hidden\r\n...\r\n",
    b"caf\xe9 \xff\xfe\x80\r\n",
    "Straße, Κρήτη, 東京 🎫\r\n".encode(),
    b"a bare\nline feed and a bare\rcarriage return\r\n",
    b"x" * 5_000 + b"\r\n",
    b"\r\n\r\n\r\n",
    b"\n.\nMAIL FROM:<smuggler@example.org>\r\n",
    b"a NUL \x00 and an escape \x1b[31m\r\n",
    b"> quoted\r\n> more\r\n\r\nbelow\r\n",
)


class LetterToAnswer(NamedTuple):
    """What a person knows of a letter that they got: its id and the address that it asks to answer to."""

    message_id: str
    reply_to: str


@dataclass(frozen=True)
class GeneratedMail:
    """One mail as it is handed over, and what must become of it.

    `opens` is the number of the mail that opened the ticket it belongs to; None for one that opens a ticket itself.
    `private`: it answers a private comment, and so is one.
    `twice`: it comes on two connections at the same instant. `again`: once more, after it was answered 250.
    `hangs_up`: the client first leaves without waiting for the answer. `gives_up`: it does so, and never comes again.
    """

    number: int
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    opens: int | None = None
    private: bool = False
    twice: bool = False
    again: bool = False
    hangs_up: bool = False
    gives_up: bool = False


@dataclass
class _Conversation:
    """A ticket as those who write on it know it: the mail that opened it, its address, and each one's last letter."""

    opener: GeneratedMail
    message_id: str
    letters: dict[str, LetterToAnswer] = field(default_factory=dict)


class MailGenerator:
    """Everybody who writes; each mail is made when it is time for it, from what was answered and read by then."""

    def __init__(self, rand: random.Random) -> None:
        self._rand = rand
        self._lock = threading.Lock()
        self._made = 0
        self._open: dict[int, _Conversation] = {}
        self._ids: dict[int, str] = {}
        self.sent: dict[int, GeneratedMail] = {}

    def next(self) -> GeneratedMail:
        """The next mail: half of them open a ticket, the others answer something."""
        with self._lock:
            self._made += 1
            answering = bool(self._open) and self._rand.random() < 0.55
            mail = self._answer() if answering else self._question()
            self.sent[mail.number] = mail
            return mail

    def record_answered(self, mail: GeneratedMail) -> None:
        """Note that a mail is stored: from now on it can be answered, if its id names one ticket and no other."""
        with self._lock:
            message_id = self._ids.get(mail.number, "")
            if mail.opens is None and message_id and len(mail.recipients) == 1:
                self._open.setdefault(mail.number, _Conversation(mail, message_id))

    def got_letter(self, opener: int, reader: str, letter: LetterToAnswer) -> None:
        """Somebody has a letter about the ticket that this mail opened, and may answer it."""
        with self._lock:
            if opener in self._open:
                self._open[opener].letters[reader] = letter

    def _question(self) -> GeneratedMail:
        """A mail that opens a ticket; some use an id a second time with another body, some have none, some go to two.

        The second use never becomes a conversation: what answers the id belongs to the older ticket
        (docs/interface.md, section 4).
        """
        sender = f"ann{self._rand.randrange(_REQUESTORS)}@home.example"
        queue = self._rand.choice(list(QUEUES.values()))
        chance = self._rand.random()
        headers: dict[str, str] = {}
        recipients: tuple[str, ...] = (f"{queue}@{DOMAIN}",)
        if chance < 0.05 and self._open:
            used = self._rand.choice(list(self._open.values()))
            sender, recipients, headers = used.opener.sender, used.opener.recipients, {"Message-ID": used.message_id}
        elif chance < 0.12:
            recipients = tuple(f"{local_part}@{DOMAIN}" for local_part in QUEUES.values())
        elif chance > 0.05 and chance < 0.9:
            self._ids[self._made] = headers["Message-ID"] = f"<q{self._made}@home.example>"
        return self._mail(sender, recipients, headers, f"Case {self._made}.")

    def _answer(self) -> GeneratedMail:
        """A mail that belongs to a ticket: from its requestor, somebody who answers for the queue, or a stranger.

        A stranger writes to the ticket's own address, as it stands in somebody's letter: at a queue's address what
        strangers answer opens a ticket of theirs (docs/interface.md, section 4).
        """
        talk = self._rand.choice(list(self._open.values()))
        stranger = f"stranger{self._rand.randrange(_STRANGERS)}@elsewhere.example"
        sender = self._rand.choices([talk.opener.sender, *HELPERS, stranger], [40, 25, 25, 5])[0]
        passed_on = next((letter for letter in talk.letters.values() if "-comment@" not in letter.reply_to), None)
        if sender == stranger and sender not in talk.letters and passed_on is None:
            sender = talk.opener.sender
        letter = talk.letters.get(sender)
        to = letter.reply_to if letter else talk.opener.recipients[0]
        if sender == stranger and letter is None and passed_on is not None:
            to = passed_on.reply_to
        headers = {"In-Reply-To": letter.message_id if letter else talk.message_id}
        if self._rand.random() < 0.85:
            headers["Message-ID"] = self._id_of_an_answer()
        return self._mail(sender, (to,), headers, f"Re: Case {talk.opener.number}.", opens=talk.opener.number)

    def _id_of_an_answer(self) -> str:
        """Nearly always a new one; else one that some other answer had, with another body."""
        again = self._made > 20 and self._rand.random() < 0.05
        return f"<a{self._rand.randrange(1, self._made) if again else self._made}@home.example>"

    def _mail(
        self, sender: str, recipients: tuple[str, ...], headers: dict[str, str], subject: str, opens: int | None = None
    ) -> GeneratedMail:
        lines = {"From": sender, "To": ", ".join(recipients), "Subject": subject, **headers}
        if "Message-ID" not in headers:
            lines["Date"] = "Sat, 21 Nov 2026 12:00:00 +0000"
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()
        body, mime = self._body()
        # Most of them at the same instant: only by chance do two of a pair meet in the database.
        flag = self._one_of((*["twice"] * 4, "again", "hangs_up", "gives_up"))
        flags = {flag: True} if flag else {}
        private = "-comment@" in recipients[0]
        return GeneratedMail(self._made, sender, recipients, head + mime + b"\r\n" + body, opens, private, **flags)

    def _body(self) -> tuple[bytes, bytes]:
        """A text that no other mail has, and the headers that say what it is."""
        # Words of its own: mails of somebody that say nearly the same in turn with others are held as a program's.
        words = " ".join("".join(self._rand.choices(ascii_lowercase, k=6)) for _ in range(24))
        text = f"This is mail {self._made}: {words}.\r\n".encode()
        text += self._rand.choice(_ODDITIES) + b"A line of a letter of this kind.\r\n" * self._rand.randrange(40)
        if self._rand.random() < 0.1:
            file = b"QUJD" * 19 + b"\r\n"
            text = (
                b"--cut\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text + b"\r\n--cut\r\n"
                b'Content-Type: image/png; name="p.png"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
                + file * self._rand.choice((1, 50, 2_000))
                + b"--cut--\r\n"
            )
            return text, b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="cut"\r\n'
        return text, self._rand.choice((b"", b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"))

    def _one_of(self, names: tuple[str, ...]) -> str:
        """One of these names, each for four mails of a hundred; else none."""
        place = int(self._rand.random() / 0.04)
        return names[place] if place < len(names) else ""
