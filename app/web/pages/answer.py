"""What somebody does on a ticket's page: an answer, and taking the last change back."""

from flask import Blueprint, abort, make_response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from ...model.desk.answers import Answer, AnswerChanged, FieldsRefused, post_answer
from ...model.desk.composed_mail import UploadedFile
from ...model.letters.notification import change_line
from ...model.lifecycle.tables import WorkflowError
from ...model.operations import administration
from ...model.records.tickets import NoSuchTicket, find_unmerged
from ..current import current_site
from ..notices import PageNotice, leave_notice
from ..visits import Visit, writing
from .ticket import UnsentAnswer, seen_ticket, ticket_page

BLUEPRINT = Blueprint("answer", __name__)
LONGEST_TEXT = 100_000
# What parts a button's key from its promise, in the button's value.
PARTED = "|"


@BLUEPRINT.before_request
def take_files() -> None:
    """Let an answer be as large as a mail: it may have files."""
    request.max_content_length = current_site().max_bytes


@BLUEPRINT.post("/tickets/<int:number>")
@writing
def post(visit: Visit, number: int) -> ResponseReturnValue:
    """Post an answer as its button said. If that is not so any more, the page comes again with the words kept."""
    seen_ticket(visit, number)
    answer = _answer()
    draft = UnsentAnswer(answer.text, answer.status, answer.owner, answer.answers, bool(answer.files))
    if len(answer.text) > LONGEST_TEXT:
        problem = f"That's more than {LONGEST_TEXT:,} characters. Send it as a file."
        return ticket_page(visit, seen_ticket(visit, number), 422, draft._replace(problems={"text": problem}))
    try:
        posted = post_answer(visit.uow, number, visit.person, answer)
    except NoSuchTicket:
        abort(404)
    except AnswerChanged as changed:
        visit.uow.session.rollback()
        draft = draft._replace(sentences=changed.sentences, new=changed.new)
        return ticket_page(visit, seen_ticket(visit, changed.ticket), 409, draft)
    except FieldsRefused as refused:
        visit.uow.session.rollback()
        return ticket_page(visit, seen_ticket(visit, number), 422, draft._replace(problems=refused.problems))
    where = f"#m-{posted.message}" if posted.message else ""
    response = make_response(redirect(f"/tickets/{posted.ticket}{where}", 303))
    leave_notice(response, PageNotice(posted.ticket, posted.done, posted.notes, posted.undo))
    return response


def _answer() -> Answer:
    form = request.form
    block, _, promise = form.get("do", "").partition(PARTED)
    return Answer(
        block=block,
        text=form.get("text", "").replace("\r\n", "\n"),
        promise=promise,
        seen=form.get("seen", ""),
        token=form.get("once", ""),
        status=form.get("status", ""),
        owner=form.get("owner", ""),
        answers=form.get("answers", ""),
        files=[_file(one) for one in request.files.getlist("files") if one.filename],
    )


def _file(one: FileStorage) -> UploadedFile:
    return UploadedFile(one.filename or "", one.mimetype or "", one.read())


@BLUEPRINT.post("/tickets/<int:number>/undo")
@writing
def undo(visit: Visit, number: int) -> ResponseReturnValue:
    """Take the last change of a ticket back."""
    seen = seen_ticket(visit, number)
    try:
        undone = administration.undo(visit.uow, find_unmerged(visit.uow, number), visit.person)
    except WorkflowError as error:
        visit.uow.session.rollback()
        return ticket_page(visit, seen, 409, UnsentAnswer(sentences=[str(error)]))
    lines = [change_line(change) for change in undone.changes] if seen.member.responder else []
    response = make_response(redirect(f"/tickets/{number}", 303))
    leave_notice(response, PageNotice(number, "Undone. Emails that were sent can't be called back.", lines))
    return response
