"""What needs an administrator: mail that is set aside, and letters that do not leave."""

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from ...mail.text import one_line
from ...model.inbound.unmatched import NoSuchMail, find_unmatched, raw_bytes
from ...model.letters.outbox import NoSuchLetter, newest_letters, retry
from ...model.records.addressing import is_deliverable
from ...model.records.letters import State
from ...model.records.received_mail import unmatched_deliveries
from ...model.storage.base import MAX_ID
from ..current import current_site
from ..rendering import page
from ..visits import Visit, acting, reading, writing
from .foreign import download

BLUEPRINT = Blueprint("trays", __name__)
AT_ONCE = 200


def _check_administrator(visit: Visit) -> None:
    """Answer everybody else as if there were no such page."""
    if not visit.person.administrator:
        abort(404)


@BLUEPRINT.get("/unmatched")
@reading
def unmatched(visit: Visit) -> ResponseReturnValue:
    """List mail that is set aside, the newest first."""
    return unmatched_page(visit)


def unmatched_page(visit: Visit, status: int = 200, notice: str = "", wrong: str = "") -> ResponseReturnValue:
    """Return the list, with what became of a mail, or why nothing could be done."""
    _check_administrator(visit)
    with current_site().database.read_only() as uow:
        deliveries = unmatched_deliveries(uow, AT_ONCE + 1)[::-1]
    more = len(deliveries) > AT_ONCE
    return page("unmatched", status, mails=deliveries[:AT_ONCE], more=more, said=notice, wrong=wrong)


@BLUEPRINT.get("/unmatched/<int:number>/raw")
@reading
def unmatched_raw(visit: Visit, number: int) -> ResponseReturnValue:
    """Return the exact bytes of a mail that is set aside."""
    _check_administrator(visit)
    try:
        delivery = find_unmatched(visit.uow, _bounded(number))
    except NoSuchMail:
        abort(404)
    return download(raw_bytes(visit.uow, delivery.mail_id), f"unmatched{number}.eml")


@BLUEPRINT.post("/unmatched/<int:number>/redeliver")
@acting
def redeliver(visit: Visit, number: int) -> ResponseReturnValue:
    """Deliver a mail again that is set aside, to where it was sent or to another address of ours."""
    _check_administrator(visit)
    address = request.form.get("to", "").strip() or None
    if address is not None and not _leads_somewhere(address):
        return unmatched_page(visit, 422, wrong=f"{one_line(address, 100)} isn't an address of ours.")
    try:
        result = current_site().redeliver(_bounded(number), address)
    except NoSuchMail:
        return unmatched_page(visit, 409, wrong=f"Email {number} isn't set aside any more.")
    where = f" on ticket {result.ticket}" if result.ticket else ""
    reason = f": {one_line(result.reason)}" if result.reason else ""
    return unmatched_page(visit, notice=f"Email {number}: {result.fate}{where}{reason}.")


def _leads_somewhere(address: str) -> bool:
    with current_site().database.read_only() as uow:
        return is_deliverable(uow, address)


@BLUEPRINT.post("/unmatched/<int:number>/dismiss")
@writing
def dismiss(visit: Visit, number: int) -> ResponseReturnValue:
    """Take a mail off the list; it is kept."""
    _check_administrator(visit)
    try:
        find_unmatched(visit.uow, _bounded(number), locked=True).waiting = False
    except NoSuchMail:
        abort(404)
    return redirect("/unmatched", 303)


@BLUEPRINT.get("/outbox")
@reading
def outbox(visit: Visit) -> ResponseReturnValue:
    """List letters, the newest first: those that wait or failed, or of one state."""
    _check_administrator(visit)
    state = request.args.get("state", "")
    chosen = [state] if state in [*State] else [State.WAITING, State.FAILED]
    letters = [letter for state in chosen for letter in newest_letters(visit.uow, state, AT_ONCE + 1)]
    letters.sort(key=lambda letter: -int(letter["id"]))
    return page("outbox", letters=letters[:AT_ONCE], more=len(letters) > AT_ONCE, states=[*State], state=state)


@BLUEPRINT.post("/outbox/<int:number>/retry")
@writing
def retry_letter(visit: Visit, number: int) -> ResponseReturnValue:
    """Let a letter be tried again now."""
    _check_administrator(visit)
    try:
        retry(visit.uow, [_bounded(number)])
    except NoSuchLetter:
        abort(404)
    return redirect("/outbox", 303)


def _bounded(number: int) -> int:
    return number if number <= MAX_ID else 0
