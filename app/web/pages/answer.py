"""What somebody does on a ticket's page: an answer, the basics, a merge, and taking the last change back."""

from dataclasses import replace

from flask import Blueprint, abort, make_response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from ...model.desk.answers import Answer, AnswerChanged, post_answer
from ...model.desk.basics import FIELDS, merge_preview, merge_tickets, set_basics, undo_change
from ...model.desk.composed_mail import UploadedFile
from ...model.desk.doubts import AnswerDoubted
from ...model.desk.refusals import FieldsRefused
from ...model.letters.change_lines import change_lines
from ...model.records.tickets import NoSuchTicket
from ..current import current_site
from ..notices import PageNotice, leave_notice
from ..rendering import page
from ..visits import Visit, reading, writing
from .ticket import UnsentAnswer, ticket_page

BLUEPRINT = Blueprint("answer", __name__, url_prefix="/tickets/<int:number>")
LONGEST_TEXT = 100_000
# What parts a button's key from its promise, in the button's value.
PARTED = "|"


@BLUEPRINT.before_request
def take_files() -> None:
    """Let an answer be as large as a mail: it may have files."""
    request.max_content_length = current_site().max_bytes


@BLUEPRINT.post("")
@writing
def post(visit: Visit, number: int) -> ResponseReturnValue:
    """Post an answer as its button said. If that is not so any more, the page comes again with the words kept."""
    answer = _answer()
    unsent = UnsentAnswer(answer.text, answer.status, answer.owner, answer.answers, bool(answer.files))
    if len(answer.text) > LONGEST_TEXT:
        problem = f"That's more than {LONGEST_TEXT:,} characters. Send it as a file."
        return ticket_page(visit, number, 422, replace(unsent, problems={"text": problem}))
    try:
        with visit.attempt():
            posted = post_answer(visit.uow, number, visit.person, answer)
    except NoSuchTicket:
        abort(404)
    except AnswerChanged as changed:
        return ticket_page(visit, changed.ticket, 409, replace(unsent, sentences=changed.sentences, new=changed.new))
    except AnswerDoubted as doubted:
        return ticket_page(visit, number, 409, replace(unsent, sentences=doubted.sentences, meant=doubted.meant))
    except FieldsRefused as refused:
        return ticket_page(visit, number, 422, replace(unsent, problems=refused.problems))
    where = f"#m-{posted.message}" if posted.message else ""
    return _done(posted.ticket, PageNotice(posted.ticket, posted.done, posted.notes, posted.undo), where)


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
        meant=form.get("meant", ""),
        files=[_file(file) for file in request.files.getlist("files") if file.filename],
    )


def _file(file: FileStorage) -> UploadedFile:
    return UploadedFile(file.filename or "", file.mimetype or "", file.read())


def _done(number: int, notice: PageNotice, where: str = "") -> ResponseReturnValue:
    response = make_response(redirect(f"/tickets/{number}{where}", 303))
    leave_notice(response, notice)
    return response


@BLUEPRINT.post("/basics")
@writing
def basics(visit: Visit, number: int) -> ResponseReturnValue:
    """Set what the form says: all of it, or nothing, with the sentence of each field that cannot be."""
    fields = {name: request.form[name] for name in FIELDS if name in request.form}
    # An empty field asks for nobody to come or go.
    wanted = {name: value for name, value in fields.items() if value.strip() or name not in ("add", "remove")}
    try:
        with visit.attempt():
            done = set_basics(visit.uow, number, visit.person, wanted)
    except NoSuchTicket:
        abort(404)
    except FieldsRefused as refused:
        unsent = UnsentAnswer(basics=fields, basics_problems=refused.problems)
        return ticket_page(visit, number, 422, unsent)
    if not done.visible:
        return redirect("/", 303)
    lines = [*(line.english for line in change_lines(visit.uow, done.changes)), *done.notes]
    outcome = "Done." if done.changes else "Nothing to change: it already was like that."
    return _done(number, PageNotice(number, outcome, lines, done.undo))


@BLUEPRINT.get("/merge")
@reading
def ask_merge(visit: Visit, number: int) -> ResponseReturnValue:
    """Say who would read what if a ticket became part of another, before that is done."""
    into = request.args.get("into", "")
    try:
        preview = merge_preview(visit.uow, number, visit.person, into)
    except NoSuchTicket:
        abort(404)
    except FieldsRefused as refused:
        unsent = UnsentAnswer(basics={"merge": into}, basics_problems=refused.problems)
        return ticket_page(visit, number, 422, unsent)
    return page("merge", preview=preview)


@BLUEPRINT.post("/merge")
@writing
def merge(visit: Visit, number: int) -> ResponseReturnValue:
    """Make a ticket part of another one."""
    into = request.form.get("into", "")
    try:
        with visit.attempt():
            goal = merge_tickets(visit.uow, number, visit.person, into)
    except NoSuchTicket:
        abort(404)
    except FieldsRefused as refused:
        unsent = UnsentAnswer(basics={"merge": into}, basics_problems=refused.problems)
        return ticket_page(visit, number, 422, unsent)
    return _done(goal, PageNotice(goal, f"Ticket {number} was merged into this one."))


@BLUEPRINT.post("/undo")
@writing
def undo(visit: Visit, number: int) -> ResponseReturnValue:
    """Take the last change of a ticket back."""
    try:
        with visit.attempt():
            changes = undo_change(visit.uow, number, visit.person)
    except NoSuchTicket:
        abort(404)
    except FieldsRefused as refused:
        return ticket_page(visit, number, 409, UnsentAnswer(sentences=list(refused.problems.values())))
    lines = [line.english for line in change_lines(visit.uow, changes)]
    return _done(number, PageNotice(number, "Undone. Emails that were sent can't be called back.", lines))
