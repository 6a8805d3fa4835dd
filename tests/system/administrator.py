"""The administrator of docs/install.md, from nothing to the first answered mail.

`python -m tests.system.administrator` plays it: a clone of this checkout in a scratch root, a real Postfix in front,
and an account without rights that runs the tracker.
Only root can play it: it starts Postfix, and changes accounts.
"""

import os
import pwd
import re
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from mail_tickets.devtools.scripted_relay import ScriptedRelay
from tests.support.postfix import Postfix
from tests.support.program import ROOT, free_port

ACCOUNT = "nobody"
DOMAIN, HELLO = "tickets.nonprofit.example", "hello@nonprofit.example"
VERA, ANN = "vera@nonprofit.example", "ann@home.example"
TEAM = ("Bea Best <bea@nonprofit.example>", "Carl Cox <carl@nonprofit.example>", "dora@nonprofit.example")
SECONDS = 60.0


class Machine:
    """A scratch root with the checkout, the configuration and the data, each where its owner has it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.checkout, self.home = root / "opt" / "tickets", root / "var" / "lib" / "tickets"
        self.config = root / "etc" / "tickets" / "tickets.toml"
        self.units = root / "etc" / "systemd" / "system"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
        # The system's own Python, and no cache of root's: the account can't read what lies in root's home.
        self.environment = {**kept, "HOME": str(root), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

    def as_root(self, *command: str | Path, **more: str) -> str:
        """Run a command as root, in an ordinary shell's directory."""
        return self._ran(command, None, more)

    def tickets(self, *command: str) -> str:
        """Run `tickets` as the account, in a shell where nothing but the configuration file is named."""
        program = self.checkout / ".venv" / "bin" / "tickets"
        return self._ran((program, *command), ACCOUNT, {"TICKETS_CONFIG": str(self.config)})

    def _ran(self, command: tuple[str | Path, ...], account: str | None, more: dict[str, str]) -> str:
        shown = " ".join(str(word) for word in command).replace(str(self.root), "")
        print(f"{'$' if account else '#'} {shown}", flush=True)
        result = subprocess.run(
            command,
            cwd="/",
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **_rights(account),  # type: ignore[call-overload]
        )
        assert result.returncode == 0, f"{shown} ended with {result.returncode}: {result.stdout}{result.stderr}"
        print("".join(f"    {line}\n" for line in result.stdout.splitlines()), end="", flush=True)
        return str(result.stdout)

    @contextmanager
    def service(self) -> Iterator[None]:
        """Run what the unit runs, as its account, with its environment and in its directory."""
        unit = (self.units / "tickets.service").read_text()
        matches = {name: re.search(f"^{name}=(.*)$", unit, re.M) for name in ("ExecStart", "User", "Environment")}
        fields = {name: match[1] for name, match in matches.items() if match is not None}
        name, _, value = fields["Environment"].partition("=")
        process = subprocess.Popen(
            fields["ExecStart"].split(),
            cwd=self.home,
            env={**self.environment, name: value},
            stdout=subprocess.DEVNULL,
            stderr=(self.root / "log").open("a"),
            **_rights(fields["User"]),  # type: ignore[call-overload]
        )
        try:
            awaits(lambda: process.poll() is None and self._is_healthy(), "the service is healthy")
            yield
        finally:
            process.terminate()
            assert process.wait(SECONDS) == 0

    def _is_healthy(self) -> bool:
        program = self.checkout / ".venv" / "bin" / "tickets"
        result = subprocess.run(
            [program, "health"],
            env={**self.environment, "TICKETS_CONFIG": str(self.config)},
            capture_output=True,
            check=False,
            **_rights(ACCOUNT),  # type: ignore[call-overload]
        )
        return bool(result.returncode == 0)


def _rights(account: str | None) -> dict[str, object]:
    if account is None:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def awaits(claim: Callable[[], object], condition: str) -> None:
    """Return once the claim holds."""
    end = time.monotonic() + SECONDS
    while not claim():
        assert time.monotonic() < end, f"not within {SECONDS:g} seconds: {condition}"
        time.sleep(0.2)


def letter_to(world: ScriptedRelay, address: str, words: str) -> EmailMessage:
    """Return the letter with these words that somebody has got by now, or will soon."""
    letters: list[EmailMessage] = []

    def arrived() -> bool:
        mails = [(letter, message_from_bytes(letter.content, policy=policy.default)) for letter in list(world.letters)]
        letters[:] = [
            mail
            for letter, mail in mails
            if address in letter.recipients and isinstance(mail, EmailMessage) and words in text_of(mail)
        ]
        return bool(letters)

    awaits(arrived, f"{address} gets {words!r}")
    return letters[-1]


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def sends(postfix: Postfix, sender: str, to: str, subject: str, text: str, answers: EmailMessage | None = None) -> None:
    """Send a mail as somebody's mail server does."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = f"<{time.time_ns()}@home.example>"
    if answers is not None:
        mail["In-Reply-To"] = answers["Message-ID"]
    mail.set_content(text)
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=SECONDS) as client:
        client.sendmail(sender, [to], mail.as_bytes())


def play(root: Path) -> None:
    """Play every step of docs/install.md and docs/operate.md that needs no other machine."""
    machine, lmtp, port = Machine(root), free_port(), free_port()
    for folder in (machine.config.parent, machine.units, machine.home):
        folder.mkdir(parents=True)
    root.chmod(0o755)
    machine.as_root("git", "clone", "-q", ROOT, machine.checkout)
    machine.as_root(machine.checkout / "tickets", "--version")
    output = set_up(machine, lmtp, port)
    main_cf = dict(re.findall(r"^(\w+) = (.*)$", output, re.M))
    with ScriptedRelay() as world:
        # All mail that is not the tracker's leaves for the world, the team's own mailboxes among it.
        overrides = {"relayhost": f"[127.0.0.1]:{world.port}", "relay_domains": f"{DOMAIN}, nonprofit.example"}
        with Postfix(main_cf, overrides, port=port) as postfix:
            with machine.service():
                staff(machine, world)
                converse(postfix, world)
            # The mail server keeps what comes while we are away, as over a reboot.
            sends(postfix, ANN, HELLO, "While away", "Sent while nobody was there.")
            with machine.service():
                letter_to(world, VERA, "Sent while nobody was there.")
            keep(machine)


def set_up(machine: Machine, lmtp: int, port: int) -> str:
    """Answer the first questions, install the units, and return the lines for Postfix."""
    answers = ("--domain", DOMAIN, "--address", HELLO, "--listen", f"lmtp://127.0.0.1:{lmtp}")
    answers += ("--relay", f"smtp://127.0.0.1:{port}", "--admin", f"Vera Vox <{VERA}>", "--user", ACCOUNT)
    tickets = machine.checkout / "tickets"
    home = {"TICKETS_HOME": str(machine.home), "TICKETS_WEB": ""}
    output = machine.as_root(tickets, "config", "init", *answers, "--path", machine.config, "--postfix", **home)
    machine.as_root(
        tickets, "service", "install", "--user", ACCOUNT, "--config", machine.config, "--directory", machine.units,
        TICKETS_CONFIG=str(machine.config),
    )  # fmt: skip
    return output


def staff(machine: Machine, world: ScriptedRelay) -> None:
    """Add the volunteers, and see that mail leaves."""
    machine.tickets("outbox", "test", VERA)
    letter_to(world, VERA, "outgoing email works")
    machine.tickets("responder", "add", *TEAM, "--queue", "General", "--welcome")
    letter_to(world, "dora@nonprofit.example", "Here's how it works")
    assert "FAIL" not in machine.tickets("doctor")


def converse(postfix: Postfix, world: ScriptedRelay) -> None:
    """Ann writes to the address that everybody knows, Bea answers, and Ann gets the answer."""
    sends(postfix, ANN, HELLO, "Opening hours", "When are you open?")
    to_bea = letter_to(world, "bea@nonprofit.example", "When are you open?")
    sends(postfix, "bea@nonprofit.example", f"ticket1@{DOMAIN}", "Re: Opening hours", "Every day at nine.", to_bea)
    answer = letter_to(world, ANN, "Every day at nine.")
    assert f"<ticket1@{DOMAIN}>" in str(answer["From"]), answer["From"]
    assert "localhost" not in answer.as_string()
    letter_to(world, VERA, "Every day at nine.")


def keep(machine: Machine) -> None:
    """Do what the timers do, and go back to a backup."""
    machine.tickets("expire")
    machine.tickets("digest")
    machine.tickets("backup", "--rotate", "14", str(machine.home / "backups"))
    [backup] = (machine.home / "backups").iterdir()
    machine.tickets("open", "--queue", "General", "--from", ANN, "--subject", "Lost", "--text", "T")
    machine.tickets("restore", str(backup))
    assert "Lost" not in machine.tickets("list")


def main() -> None:
    """Play it in a directory that goes away."""
    if os.geteuid() != 0:
        sys.exit("Only root can play the administrator: it starts a Postfix, and a service as another account.")
    with tempfile.TemporaryDirectory(prefix="tickets-admin-", dir="/var/tmp") as name:
        play(Path(name))
    print("The administrator was here, and everything is answered.")


if __name__ == "__main__":
    main()
