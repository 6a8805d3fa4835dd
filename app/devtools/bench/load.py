"""The mails of the benchmarks, handed over by LMTP on connections that are kept."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import perf_counter
from typing import NamedTuple

from ..mail_client import MailClient, MailRefused


class MeasuredMail(NamedTuple):
    """One mail to send to the server."""

    sender: str
    recipient: str
    content: bytes


def connect(port: int) -> MailClient:
    """Connect to a server; four round trips a mail, nothing pipelined."""
    return MailClient.greeted(port, lmtp=True)


def send(client: MailClient, mail: MeasuredMail) -> float:
    """Hand over one mail and return the seconds until it was answered; MailRefused unless it is answered 250."""
    begun = perf_counter()
    client.starts(mail.sender, [mail.recipient], mail.content)
    client.ends()
    [reply] = client.replies(1)
    if not reply.startswith("250"):
        raise MailRefused(reply)
    return perf_counter() - begun


def send_all(port: int, mails: Sequence[MeasuredMail], connections: int) -> float:
    """Hand over all the mails over so many connections at once; the seconds it took, connections made before."""
    return send_all_to([port], mails, connections)


def send_all_to(ports: Sequence[int], mails: Sequence[MeasuredMail], connections: int) -> float:
    """The same to several servers, which get the connections in turn."""
    with ExitStack() as stack, ThreadPoolExecutor(connections) as threads:
        clients = [stack.enter_context(connect(ports[number % len(ports)])) for number in range(connections)]
        begun = perf_counter()
        work = [threads.submit(_send, client, mails[place::connections]) for place, client in enumerate(clients)]
        for mail in work:
            mail.result()
        return perf_counter() - begun


def _send(client: MailClient, mails: Iterable[MeasuredMail]) -> None:
    for mail in mails:
        send(client, mail)
