"""Claims about what a mail wants and may cause: kinds of mail, roles, lifecycles and proofs, without a database."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from mail_tickets.model.inbound import interpretation as wishes
from mail_tickets.model.inbound.effects import RULES, Effect, Situation, is_allowed, permitted
from mail_tickets.model.inbound.interpretation import Wish, interpret, new_message_of
from mail_tickets.model.inbound.sender_proof import Proof
from mail_tickets.model.letters.receipt_letters import ReceiptKind
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.tickets.members import TicketMember
from mail_tickets.model.tickets.posts import NewMessage
from tests.support.sources import MODULES, is_in

STANDINGS = {
    "requestor": TicketMember(1, "Ann", "ann@example.org", requestor=True),
    "responder": TicketMember(1, "Ron", "ron@example.org", answers=True),
    "participant": TicketMember(1, "Pia", "pia@example.org", participant=True),
    "unsubscribed": TicketMember(1, "Pia", "pia@example.org", participant=True, subscribed=False),
    "named": TicketMember(1, "Pia", "pia@example.org", participant=True, subscribed=False, pending=True),
    "other": TicketMember(1, "Otto", "otto@example.org"),
    "stranger": TicketMember(1, "Eve", "eve@example.org", known=False),
}
ON_IT = {"requestor", "responder", "participant", "unsubscribed", "named"}
COMMANDED = {"requestor", "responder"}
LEAVING = {"requestor", "participant", "unsubscribed", "named"}
PROOFS = {"believed": True, "unproven": False}
TEXTS = {
    "words": "Thank you, it works.",
    "command": "Status: open\n\nThank you.",
    "page": "help",
    "undo": "undo\nIt was a mistake.",
    "leave": "Unsubscribe.",
    "yes": "yes",
}
SENDERS: dict[str, dict[str, bool | int]] = {
    "person": {},
    "machine": {"automatic": True, "believed": False},
    "spam": {"spam": True},
    "two": {"authors": 2, "believed": False},
}


def situation(life: str, who: str, **more: object) -> Situation:
    lifecycle, member = LIFECYCLES[life], STANDINGS[who]
    party = member.roles_in(lifecycle, machine=bool(more.get("automatic")))
    return replace(Situation(lifecycle, lifecycle.first, member, party), **more)  # type: ignore[arg-type]


def mail(text: str) -> NewMessage:
    return NewMessage(text, text, "Re: Hello", "<1@home.example>")


def wish(about: Situation, text: str) -> Wish:
    return interpret(about, permitted(about), mail(text))


def expected(life: str, who: str, text: str, sender: str, proof: str) -> type[Wish]:
    """What a mail is taken for, said again: by its words, and by who may ask for that."""
    if text == "leave" and who == "responder" and sender != "machine":
        return wishes.Slip
    if text == "leave":
        return wishes.Unsubscribe if who in LEAVING and sender != "machine" else wishes.Text
    if text == "page":
        sees = life == "support" and who == "other"
        return wishes.PageRequest if sender != "machine" and (who in ON_IT or sees) else wishes.Text
    if text == "undo":
        return wishes.Undo if who in COMMANDED and sender != "machine" else wishes.Text
    if text == "command" and who in COMMANDED and sender == "person":
        return wishes.Commands if proof == "believed" else wishes.Unproven
    return wishes.Text


CELLS = list(product(LIFECYCLES, STANDINGS, TEXTS, SENDERS, PROOFS))


def test_a_mail_is_taken_for_what_it_says_by_whoever_may_say_so() -> None:
    for life, who, text, sender, proof in CELLS:
        about = situation(life, who, **{"believed": PROOFS[proof], **SENDERS[sender]})
        result = wish(about, TEXTS[text])
        assert type(result) is expected(life, who, text, sender, proof), (life, who, text, sender, proof)


def test_no_word_is_lost_whatever_a_mail_is_taken_for() -> None:
    for life, who, text, sender, proof in CELLS:
        about = situation(life, who, **{"believed": PROOFS[proof], **SENDERS[sender]})
        result = wish(about, TEXTS[text])
        rest = new_message_of(result, mail(TEXTS[text])).text
        lines = [line.written for line in result.lines] if isinstance(result, wishes.Commands) else []
        lines += result.waiting if isinstance(result, wishes.Unproven) else []
        lines += ["undo"] if isinstance(result, wishes.Undo) else []
        assert [*lines, *filter(None, rest.split("\n"))] == [line for line in TEXTS[text].split("\n") if line], (
            life,
            who,
            text,
        )


@pytest.mark.parametrize("life", LIFECYCLES)
def test_a_letter_about_waiting_lines_is_answered_by_a_yes_a_no_or_a_note(life: str) -> None:
    asks = {"letter": ReceiptKind.WAITING, "offers": frozenset({"yes", "no"})}
    about = situation(life, "responder", believed=True, verified=True, own_letter=True, **asks)
    assert wish(about, "Yes, please!") == wishes.Confirmation(True, mail("Yes, please!"))
    assert wish(about, "no") == wishes.Confirmation(False, mail("no"))
    assert wish(about, "Which lines?") == wishes.OtherWords(mail("Which lines?"))
    assert isinstance(wish(about, "Status: open"), wishes.Commands)
    elsewhere = replace(about, letter="posted", offers=frozenset())
    for unanswered in (replace(about, own_letter=False), elsewhere, replace(about, believed=False)):
        assert wish(unanswered, "yes") == wishes.Text(mail("yes"))


@pytest.mark.parametrize("life", LIFECYCLES)
def test_a_letter_is_answered_by_the_words_that_it_offers_and_by_no_other(life: str) -> None:
    for offers in ({"send"}, {"send", "drop"}):
        about = situation(life, "responder", believed=True, own_letter=True, offers=frozenset(offers))
        for word in ("yes", "no", "send", "drop"):
            expects = wishes.SendOrDrop(word == "send", mail(word)) if word in offers else wishes.Text(mail(word))
            assert wish(about, word) == expects, (word, offers)
            for unanswered in (replace(about, own_letter=False), replace(about, believed=False)):
                assert wish(unanswered, word) == wishes.Text(mail(word))
        assert wish(about, "Send it, please!") == wishes.Text(mail("Send it, please!"))
        assert wish(about, "Done") == wishes.Slip(False, mail("Done"))


@pytest.mark.parametrize("life", LIFECYCLES)
def test_a_slip_is_public_words_of_a_person_who_answers(life: str) -> None:
    about = situation(life, "responder")
    notes = {"notes": frozenset({"the code is 1234"})}
    assert wish(about, "Done") == wishes.Slip(False, mail("Done"))
    assert wish(replace(about, **notes), "The code\nis 1234") == wishes.Slip(True, mail("The code\nis 1234"))
    assert wish(replace(about, newly_named=("bea@example.org",), asks_in=True), "Done") == wishes.Slip(
        False, mail("Done"), ("AddCc: bea@example.org",)
    )
    for word in ("yes", "no", "send", "drop"):
        assert wish(replace(about, waits=True), word) == wishes.Slip(False, mail(word))
    for unanswered in (replace(about, comment=True), situation(life, "responder", automatic=True)):
        assert wish(unanswered, "Done") == wishes.Text(mail("Done"))
    for who in STANDINGS.keys() - {"responder"}:
        assert wish(situation(life, who, waits=True, **notes), "Done") == wishes.Text(mail("Done"))
        assert wish(situation(life, who, **notes), "The code is 1234") == wishes.Text(mail("The code is 1234"))


def test_whom_an_unproven_mail_names_waits_with_its_commands() -> None:
    about = situation("support", "requestor", asks_in=True, newly_named=("bea@example.org", "cay@example.org"))
    line = "AddCc: bea@example.org, cay@example.org"
    assert wish(about, "Look.") == wishes.Unproven((line,), mail("Look."), commanded=False)
    result = wish(about, "Status: open\n\nLook.")
    assert isinstance(result, wishes.Unproven)
    assert (result.waiting, result.commanded) == (("Status: open", line), True)
    for none in (replace(about, believed=True), replace(about, comment=True), replace(about, authors=2)):
        assert isinstance(wish(none, "Look."), wishes.Text)


def test_a_participant_takes_back_what_they_changed_themselves() -> None:
    about = situation("support", "participant", believed=True)
    assert isinstance(wish(about, "undo"), wishes.Text)
    assert isinstance(wish(replace(about, caused_last=True), "undo"), wishes.Undo)


# What a mail may cause.


def every_situation() -> Iterator[Situation]:
    letters: list[tuple[str | None, bool]] = [(None, False), ("posted", True), ("posted", False)]
    letters += [(ReceiptKind.WAITING, True), (ReceiptKind.WAITING, False)]
    flags = product((False, True), repeat=4)
    for life, who, sender, (letter, own), (believed, comment, opens, asks_in) in product(
        LIFECYCLES, STANDINGS, SENDERS.values(), letters, list(flags)
    ):
        yield situation(
            life,
            who,
            **{"believed": believed, **sender},
            comment=comment,
            opens=opens,
            letter=letter,
            offers=frozenset({"yes", "no"} if letter == ReceiptKind.WAITING else ()),
            own_letter=own,
            asks_in=asks_in,
        )


# What may follow from a mail that nothing proves (docs/interface.md, section 6).
WITHOUT_PROOF = {Effect.KNOW, Effect.EXPOSE, Effect.POST, Effect.PAGE, Effect.SUBSCRIBE, Effect.NAME}


def test_every_effect_has_one_rule_and_says_whether_it_needs_proof() -> None:
    assert set(RULES) == {*Effect}
    assert {effect for effect, rule in RULES.items() if rule.proof is Proof.NONE} == WITHOUT_PROOF


def test_every_effect_is_asked_for_where_it_is_caused() -> None:
    """Whoever writes becomes a person, and their words are kept: these two are never refused."""
    asking = "".join(path.read_text() for name, path in MODULES.items() if is_in(name, "app.model.inbound"))
    effects = {Effect[name] for name in re.findall(r"Effect\.(\w+)(?: (?:not )?in |, )", asking)}
    assert effects == {*Effect} - {Effect.KNOW, Effect.POST}


def test_from_an_unproven_mail_follow_its_words_and_nothing_else() -> None:
    for about in every_situation():
        permission = permitted(about)
        assert about.believed or permission.now <= WITHOUT_PROOF, about
        assert not (about.believed and permission.on_yes), about
        assert not permission.now & permission.on_yes, about
        assert permission.now | permission.on_yes <= permission.possible, about
        assert permission.now == {effect for effect in Effect if is_allowed(effect, about)}, about


def test_a_machine_causes_words_alone() -> None:
    """And so does mail with two authors or that a server called spam, but for pages and who writes again."""
    for about in every_situation():
        permission = permitted(about)
        if about.automatic:
            assert permission.possible <= {*WITHOUT_PROOF, Effect.MOVE_LETTERS, Effect.CONFIRM, Effect.ANSWER}
            assert permission.now <= {Effect.KNOW, Effect.EXPOSE, Effect.POST}, about
        if about.authors == 2 or about.spam:
            assert Effect.COMMAND not in permission.possible, about


def test_a_private_comment_lets_nobody_in_by_naming_them() -> None:
    for about in every_situation():
        if about.private:
            assert not permitted(about).possible & {Effect.LET_IN, Effect.NAME}, about


def test_a_first_mail_takes_nothing_back_and_nobody_off() -> None:
    for about in every_situation():
        if about.opens:
            assert not permitted(about).possible & {Effect.UNDO, Effect.LEAVE}
            assert Effect.LET_IN not in permitted(about).on_yes
        else:
            assert Effect.NAME not in permitted(about).possible
