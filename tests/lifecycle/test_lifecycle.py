"""Claims about the tables: complete, closed, reachable, and printed as they stand."""

import json
import re
from string import Formatter

import pytest

from mail_tickets.model.lifecycle.printing import PRINTERS, as_json, as_mermaid, as_table, outcome
from mail_tickets.model.lifecycle.registry import CORRESPONDENCE, LIFECYCLES, every_status, moved
from mail_tickets.model.lifecycle.roles import Role, Who
from mail_tickets.model.lifecycle.support import SUPPORT
from mail_tickets.model.lifecycle.tables import Action, Lifecycle, NoSuchAction, NoSuchStatus
from mail_tickets.model.wording import wording_in

EVERY = pytest.mark.parametrize("life", LIFECYCLES.values(), ids=LIFECYCLES)
CELLS = [(life, status, role) for life in LIFECYCLES.values() for status in life.statuses for role in Role]
EVERY_CELL = pytest.mark.parametrize(
    ("life", "status", "role"), CELLS, ids=[f"{life.name}-{status}-{role}" for life, status, role in CELLS]
)
ACTIONS = [(life, action) for life in LIFECYCLES.values() for action in life.actions]
EVERY_ACTION = pytest.mark.parametrize(
    ("life", "action"), ACTIONS, ids=[f"{life.name}-{action.title}" for life, action in ACTIONS]
)

# The document's twelve cells, as it says them: what a mail of the owner means, and what one of another user means.
DOCUMENT = {
    "Open": ("Give more information", "Answer"),
    "Needs information": ("Give more information", "Answer"),
    "Answered": ("Reopen", "Answer"),
    "Solved": ("Comment", "Comment"),
    "Expired": ("Reopen", "Comment"),
    "Invalid": ("Comment", "Comment"),
}
AFTER = {"Give more information": "Open", "Answer": "Answered", "Reopen": "Open"}
ANOTHER = (Role.RESPONDER, Role.PARTICIPANT, Role.OTHER)


@pytest.mark.parametrize("status", DOCUMENT)
def test_the_owners_mail_means_what_the_document_says(status: str) -> None:
    meant = DOCUMENT[status][0]
    assert outcome(SUPPORT, status, Role.REQUESTOR) == (meant, AFTER.get(meant, status), False)


@pytest.mark.parametrize("role", ANOTHER)
@pytest.mark.parametrize("status", DOCUMENT)
def test_another_users_mail_means_what_the_document_says(status: str, role: Role) -> None:
    meant = DOCUMENT[status][1]
    assert outcome(SUPPORT, status, role) == (meant, AFTER.get(meant, status), False)


def test_the_support_tracker_has_the_statuses_and_actions_of_its_interface() -> None:
    assert list(SUPPORT.statuses) == ["Open", "Needs information", "Answered", "Solved", "Expired", "Invalid"]
    assert set(DOCUMENT) == set(SUPPORT.statuses)
    assert {action.title for action in SUPPORT.actions} == {
        "Request for more information",
        "Give more information",
        "Comment",
        "Answer",
        "Confirm",
        "Reject",
        "Expire",
        "Reopen",
        "Change status",
    }


def test_roles_are_tried_in_the_order_of_the_interface() -> None:
    order = ["machine", "requestor", "responder", "participant", "reader", "other", "stranger"]
    assert list(SUPPORT.role_order) == order
    assert SUPPORT.role([Role.STRANGER, Role.RESPONDER, Role.REQUESTOR]) is Role.REQUESTOR


# The shared inbox, as its issue says it: what a reply from outside, and one of a responder, makes of a status.
INBOX = {
    "new": ("new", "open"),
    "open": ("open", "open"),
    "stalled": ("open", "open"),
    "resolved": ("open", "open"),
    "rejected": ("open", "open"),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("status", INBOX)
def test_a_mail_to_a_shared_inbox_means_what_its_issue_says(status: str, role: Role) -> None:
    outside, responder = INBOX[status]
    expected = {
        Role.REQUESTOR: ("Reply", outside, False),
        Role.PARTICIPANT: ("Reply", outside, False),
        Role.RESPONDER: ("Reply", responder, False),
    }
    assert outcome(CORRESPONDENCE, status, role) == expected.get(role, ("Comment", status, True))


def test_a_shared_inbox_has_the_statuses_actions_and_roles_of_its_interface() -> None:
    assert list(CORRESPONDENCE.statuses) == ["new", "open", "stalled", "resolved", "rejected"]
    assert {action.title for action in CORRESPONDENCE.actions} == {"Reply", "Comment", "Change status"}
    order = ["machine", "responder", "requestor", "participant", "reader", "other", "stranger"]
    assert list(CORRESPONDENCE.role_order) == order
    assert CORRESPONDENCE.role([Role.STRANGER, Role.RESPONDER, Role.REQUESTOR]) is Role.RESPONDER


# A ticket that moves (docs/interface.md, section 5): from where to where, once somebody has answered and before.
MOVES = {
    "Open": ("open", "new"),
    "Needs information": ("stalled", "stalled"),
    "Answered": ("open", "open"),
    "Solved": ("resolved", "resolved"),
    "Expired": ("resolved", "resolved"),
    "Invalid": ("rejected", "rejected"),
    "new": ("Open", "Open"),
    "open": ("Open", "Open"),
    "stalled": ("Needs information", "Needs information"),
    "resolved": ("Solved", "Solved"),
    "rejected": ("Invalid", "Invalid"),
}


def test_a_ticket_that_moves_between_lifecycles_gets_the_status_of_the_interface() -> None:
    assert set(MOVES) == {*SUPPORT.statuses, *CORRESPONDENCE.statuses}
    for status, goals in MOVES.items():
        old, new = (SUPPORT, CORRESPONDENCE) if status in SUPPORT.statuses else (CORRESPONDENCE, SUPPORT)
        assert tuple(moved(status, new, answered=answered) for answered in (True, False)) == goals
        assert {moved(status, old, answered=answered) for answered in (True, False)} == {status}


@EVERY_CELL
def test_every_status_and_role_has_a_default_that_a_row_allows(life: Lifecycle, status: str, role: Role) -> None:
    title, after, private = outcome(life, status, role)
    assert life.action(title) in life.actions
    assert after in life.statuses
    assert private == life.default_reply(status, role).private


@EVERY_CELL
def test_machines_readers_and_strangers_only_ever_comment_in_private(life: Lifecycle, status: str, role: Role) -> None:
    if role in (Role.MACHINE, Role.READER, Role.STRANGER):
        assert outcome(life, status, role) == ("Comment", status, True)


@EVERY
def test_no_default_names_a_status_or_role_that_is_not_there(life: Lifecycle) -> None:
    assert set(life.defaults) == {(status, role) for status in life.statuses for role in Role}
    assert sorted(life.role_order) == sorted(Role)


@EVERY
def test_no_default_needs_a_choice_or_an_earlier_answer(life: Lifecycle) -> None:
    for cell in life.defaults.values():
        for row in life.rules:
            if row.action == cell.action:
                assert row.answered_by is None
                assert all(len(choices) == 1 for choices in row.moves.values())


@EVERY
def test_every_move_starts_and_ends_at_a_status(life: Lifecycle) -> None:
    known = set(life.statuses)
    for row in life.rules:
        assert row.moves
        assert set(row.moves) <= known
        assert row.reopens_from <= set(row.moves)
        for choices in row.moves.values():
            assert choices
            assert set(choices) <= known
    assert life.solved <= known
    assert life.expirable <= known


@EVERY
def test_a_row_that_asks_for_a_choice_leads_to_every_other_status(life: Lifecycle) -> None:
    for row in life.rules:
        for source, choices in row.moves.items():
            if len(choices) > 1:
                assert choices == tuple(status for status in life.statuses if status != source)


@EVERY
def test_every_status_is_reachable_from_the_first(life: Lifecycle) -> None:
    assert reached(life, life.rules) == set(life.statuses)


def test_every_support_status_is_reachable_without_an_administrator_changing_it() -> None:
    rows = [row for row in SUPPORT.rules if row.who is not Who.ADMINISTRATOR]
    assert reached(SUPPORT, rows) == set(SUPPORT.statuses)


def test_no_mail_leads_out_of_invalid() -> None:
    for role in Role:
        assert outcome(SUPPORT, "Invalid", role)[1] == "Invalid"
    leaving = [row.action.title for row in SUPPORT.rules if set(row.moves.get("Invalid", ())) - {"Invalid"}]
    assert leaving == ["Change status"]


def reached(life: Lifecycle, rows: object) -> set[str]:
    """All statuses that these rows lead to, one after another, from the first."""
    frontier, reached_before = [life.first], set()
    while frontier:
        status = frontier.pop()
        reached_before.add(status)
        for row in rows:  # type: ignore[attr-defined]
            frontier += [goal for goal in row.moves.get(status, ()) if goal not in reached_before]
    return reached_before


@EVERY
def test_no_two_rows_give_the_same_person_two_ways_in_one_status(life: Lifecycle) -> None:
    for number, row in enumerate(life.rules):
        for later in life.rules[number + 1 :]:
            if row.action == later.action and row.who == later.who:
                assert not set(row.moves) & set(later.moves)


@EVERY_ACTION
def test_every_action_has_its_words(life: Lifecycle, action: Action) -> None:
    assert action.title == action.title.strip()
    assert action.title[0].isupper()
    # "Reply to this email to …" goes on with a verb, and ends before a full stop.
    assert re.fullmatch(r"[a-z]+\b[^.;]*[^.;\s]|[a-z]+", action.does)
    assert [name for _, name, _, _ in Formatter().parse(action.third) if name] == ["name"]
    assert action.third.startswith("{name} ")
    assert action.second.startswith("You ")
    assert action.third.endswith(":")
    assert action.second.endswith(":")


@EVERY
def test_no_two_actions_share_a_title_or_a_promise(life: Lifecycle) -> None:
    for words in ("title", "does", "third", "second"):
        phrases = [getattr(action, words).casefold() for action in life.actions]
        assert len(set(phrases)) == len(phrases), words


@EVERY
def test_a_hint_is_a_sentence_of_the_footer_and_asks_only_for_what_a_footer_knows(life: Lifecycle) -> None:
    every = [hint for cell in life.defaults.values() for hint in cell.hints]
    known = {"queue_address", "solved", "reopened", "list", "requestor", "asked", "status"}
    for hint in (text for cell in every for text in ([cell] if isinstance(cell, str) else cell)):
        assert {*wording_in().slots_of(f"footer.{hint}")} <= known


@EVERY
def test_whoever_gets_letters_reads_what_else_they_may_do(life: Lifecycle) -> None:
    for (status, role), cell in life.defaults.items():
        # In a shared inbox a responder's footer names the other address.
        if role in (Role.REQUESTOR, Role.PARTICIPANT) or (life is SUPPORT and role is Role.RESPONDER):
            assert cell.hints, (status, role)


@EVERY
def test_words_are_found_in_any_case(life: Lifecycle) -> None:
    for action in life.actions:
        assert life.action(f" {action.title.upper()} ") is action
    for status in life.statuses:
        assert life.status(f" {status.upper()} ") == status
        assert every_status(f" {status.swapcase()} ") == {
            statuse
            for lifecycle in LIFECYCLES.values()
            for statuse in lifecycle.statuses
            if statuse.lower() == status.lower()
        }


def test_a_status_is_looked_for_in_every_lifecycle() -> None:
    assert every_status("open") == {"Open", "open"}
    assert every_status("Stalled") == {"stalled"}
    assert every_status("Solved") == {"Solved"}


def test_unknown_words_are_refused_with_what_there_is() -> None:
    with pytest.raises(NoSuchAction, match=r'no action "Resolve"\. Use Request .* or Change status\.'):
        SUPPORT.action("Resolve")
    with pytest.raises(NoSuchStatus, match=r'no status "closed"\. Use Open, .* or Invalid\.'):
        SUPPORT.status("closed")
    with pytest.raises(NoSuchStatus, match='no status "closed"'):
        every_status("closed")


# What is printed from the tables


@EVERY_CELL
def test_the_printed_table_says_what_a_reply_does(life: Lifecycle, status: str, role: Role) -> None:
    head, _, *lines = markdown(as_table([life]).split("\n\n")[0])
    assert head[1:] == [str(role) for role in life.role_order]
    [line] = [line for line in lines if line[0] == status]
    title, after, private = outcome(life, status, role)
    label = f"{title}{' in private' if private else ''}{f' → {after}' if after != status else ''}"
    thanks = life.default_reply(status, role).thanks
    label += f" ({thanks.moves[status][0]} after thanks)" if thanks else ""
    assert line[head.index(role)] == label


@EVERY
def test_the_printed_table_of_actions_has_a_line_for_every_row(life: Lifecycle) -> None:
    head, _, *lines = markdown(as_table([life]).split("\n\n")[1])
    assert head == ["Action", "By", "From", "To"]
    assert [line[:3] for line in lines] == [[row.action.title, row.who, ", ".join(row.moves)] for row in life.rules]
    for line, row in zip(lines, life.rules, strict=True):
        goals = {goal for source, choices in row.moves.items() if len(choices) == 1 for goal in choices}
        named_goals = {goal for goal in life.statuses if goal in re.sub(r"(, )?[\w ]+ stays", "", line[3])}
        assert named_goals == {goal for goal in goals if any(s != goal and (goal,) == c for s, c in row.moves.items())}


@EVERY
def test_the_diagram_has_exactly_the_moves_that_change_a_status(life: Lifecycle) -> None:
    diagram = as_mermaid([life]).splitlines()
    names = dict(re.fullmatch(r' *state "(.+)" as (\w+)', line).group(2, 1) for line in diagram if "state " in line)  # type: ignore[union-attr]
    assert sorted(names.values()) == sorted(life.statuses)
    [start] = [line.split("--> ")[1] for line in diagram if "[*]" in line]
    assert names[start] == life.first
    drawn = set()
    for line in diagram:
        if match := re.fullmatch(r" *(\w+) --> (\w+): (.+)", line):
            drawn |= {(names[match[1]], names[match[2]], title) for title in match[3].split(" / ")}
    assert drawn == {
        (source, choices[0], row.recorded_action.title)
        for row in life.rules
        for source, choices in row.moves.items()
        if len(choices) == 1 and choices[0] != source
    }


@EVERY
def test_the_json_document_holds_the_tables(life: Lifecycle) -> None:
    document = json.loads(as_json([life]))
    assert document["name"] == life.name
    assert document["statuses"] == list(life.statuses)
    assert document["roles"] == [str(role) for role in life.role_order]
    assert document["actions"] == [action.title for action in life.actions]
    cells = {(cell["status"], cell["role"]): cell for cell in document["defaults"]}
    assert len(cells) == len(document["defaults"]) == len(life.defaults)
    for (status, role), cell in cells.items():
        assert (cell["action"], cell["new_status"], cell["private"]) == outcome(life, status, Role(role))
    assert [(row["action"], row["who"]) for row in document["rows"]] == [(r.action.title, r.who) for r in life.rules]
    for printed, row in zip(document["rows"], life.rules, strict=True):
        assert printed["from"] == {source: list(choices) for source, choices in row.moves.items()}


def test_several_lifecycles_print_as_a_list_and_one_as_itself() -> None:
    both = [CORRESPONDENCE, SUPPORT]
    assert [document["name"] for document in json.loads(as_json(both))] == ["correspondence", "support"]
    assert as_mermaid(both).count("stateDiagram-v2") == 2
    for life in both:
        assert as_table(both).count(f"| A plain reply ({life.name})") == 1
    assert set(PRINTERS) == {"table", "mermaid", "json"}


def markdown(table: str) -> list[list[str]]:
    """The cells of a Markdown table."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
