"""The delivery of a request that Salmon routed here, in our receiver's unit of work or in one of its own."""

import logging
from typing import NoReturn

from salmon.mail import MailRequest

from ..model.inbound import dispatch
from ..model.records.addressing import OurAddress
from ..transport import mail_log
from ..transport.inbound import routes
from ..transport.inbound.intake import MailIntake, Request
from ..transport.inbound.smtp_replies import for_fault, no_such_address, too_large

LOG = logging.getLogger("tickets.receiver")


class _Tracker:
    """The tracker that is a guest in the process of another Salmon project."""

    intake: MailIntake | None = None
    max_bytes = 0


def serve_requests_with(intake: MailIntake, *, max_bytes: int) -> None:
    """Set the intake for mails that another program's receiver got; mails of more bytes than that are refused."""
    _Tracker.intake, _Tracker.max_bytes = intake, max_bytes
    routes.look_in(intake.database)


def deliver_request(message: MailRequest, place: OurAddress) -> None:
    """Do what follows from a mail at this place. On return it is committed, or will be with our receiver's unit.

    Raises Salmon's SMTPError in a process of another Salmon project: any other exception would be answered 250.
    """
    if isinstance(message, Request):
        message.result = dispatch.deliver(message.uow, message.inbound_mail, message.recipient, place)
        return
    try:
        reply = _take_in(message, place)
    except BaseException as error:
        LOG.exception("a mail could not be stored")
        reply = for_fault(error)
    if reply:
        mail_log.refused(reply, message.To, {"from": message.From})
        _answer(reply)


def _take_in(message: MailRequest, place: OurAddress) -> str:
    """Store a mail. Return the reply that refuses it, or an empty text."""
    intake = _Tracker.intake
    if intake is None:
        raise RuntimeError("config/boot.py has to call mail_tickets.start(settings)")
    raw = message.Data if isinstance(message.Data, bytes) else message.Data.encode("utf-8", "surrogateescape")
    if len(raw) > _Tracker.max_bytes:
        return too_large(_Tracker.max_bytes)
    if intake.may_refuse(message.To) and (why := intake.refuses(message.To)):
        return no_such_address(why)
    intake.receive_by_route(raw, _reverse_path(message), message.To, place)
    return ""


def _reverse_path(message: MailRequest) -> str:
    """The envelope's sender. Without one, or with one that it cannot parse, Salmon gives the whole From header."""
    sender = message.From or ""
    return sender if "@" in sender and not any(sign in sender for sign in '<>" ,') else ""


def _answer(reply: str) -> NoReturn:
    # Loaded here: it brings servers that a command has no need of.
    from salmon.server import SMTPError

    raise SMTPError(int(reply[:3]), reply[4:])
