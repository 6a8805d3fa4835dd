"""Claims about the lines that mail clients put above a letter of ours: all of them go, and no word of the writer's."""

import pytest

from mail_tickets.mail.parsed import parse_mail
from mail_tickets.mail.quoted_text import foreign_lines, split

LETTER = ["Bob Helper answered:", "", "Please try the second switch on the left and tell me what it does then."]
LETTER += ["", "Kind regards", "Bob", "", "-- ", "You get this because you opened this ticket."]
OURS = ["ticket1@tracker.example", *LETTER]
PLAIN = "\n".join(LETTER)
MARKED = "\n".join(f"> {line}".rstrip() for line in LETTER)
WORDS = "It blinks three times, then stays dark."
BOB = "Bob Helper via General <ticket1@tracker.example>"

LINES = {
    "Orange": f"====================\n\nMessage du : 12/12/2016 13:20\nDe : {BOB}\nA : ann@home.example\nSujet : Lamp",
    "La Poste": f"> Message du 12/12/16 13:20\n> De : {BOB}\n> A : ann@home.example\n> Objet : Lamp\n>",
    "Zoho": f"---- On Mon, 25 Nov 2026 09:20:11 +0100 {BOB} wrote ----",
    "no colon": f"On Wed, Nov 25, 2026 at 9:20 AM, {BOB} wrote",
    "no colon, broken": "On Wed, Nov 25, 2026 at 9:20 AM, Bob Helper <\nticket1@tracker.example> wrote",
    "Apple, Polish": "Wiadomość napisana przez Bob Helper ticket1@tracker.example w dniu 25.11.2026, o godz. 09:20:",
    "Samsung, German": f"-------- Ursprüngliche Nachricht --------Von: {BOB} Datum: 25.11.26 An: Ann Betreff: Lamp",
    "Samsung, French": f"-------- Message d'origine --------De : {BOB} Date : 25/11/2026 09:20 À : Ann Objet : Lamp",
    "a line above a head": (
        "Am 20.06.24 um 16:20 schrieb Bob Helper\nVon: Bob Helper\nDatum: 20. Juni 2024 um 16:20\nAn: ann@home.example"
    ),
    "Gmail of old, broken": "2026/11/25 Bob Helper <\nticket1@tracker.example>",
    "below a telephone's": "Sent from my iPhone\n\nticket1@tracker.example wrote:",
    "below TypeApp's": f"Sent from TypeApp<http://www.typeapp.com/r?b=17>\nOn Nov 25, 2026, at 09:20, {BOB} wrote:",
    "Evolution, German": "Am Mittwoch, dem 25.11.2026 um 09:20 +0000 schrieb Bob Helper via General:",
    "Outlook, Icelandic": f"Frá: {BOB}\nSent: miðvikudagur, 25. nóvember 2026 09:20\nTil: Ann\nEfni: Lamp",
    "eM Client": f"------ Original Message ------\nFrom {BOB}\nTo Ann\nDate 11/25/2026 9:20:11 AM\nSubject Lamp",
    "eM Client, German": (
        f"------ Originalnachricht ------\nVon {BOB}\nAn ann@home.example\nDatum 25.11.2026 09:20:11\nBetreff Lamp"
    ),
    "GroupWise": f">>> {BOB} 25.11.26 09:20 >>>",
    "Nextcloud": '"Bob Helper" ticket1@tracker.example – November 25, 2026 9:20 AM',
    "T-mail": f"On Nov 25, 2026 9:20 AM, from {BOB}",
    "a day in an unknown language": f"xyz, 25. 11. 2026, 09:20 {BOB}:",
    "mail.ru": f"Среда, 25 ноября 2026, 9:20 +03:00 от {BOB}:",
    "mail.ru, English": f"Wednesday, November 25, 2026 9:20 AM +03:00 from {BOB}:",
    "Yandex on a telephone": (
        '----------------\nКому: ann@home.example;\nТема: Lamp;\n25.11.2026, 09:20, "Bob" <ticket1@tracker.example>:'
    ),
    "BlackBerry": f"-----Original Message-----\nFrom: {BOB}\nDate: Wed, 25 Nov 2026 09:20:11 \nTo: Ann\nSubject: Lamp",
    "BlackBerry 10": (
        "Sent from my BlackBerry 10 smartphone.\n  Original Message  \nFrom: Bob Helper\n"
        "Sent: Wednesday, 25 November 2026 09:20\nTo: Ann\nReply To: ticket1@tracker.example\nSubject: Lamp"
    ),
    "BlackBerry 10, German": (
        "Von meinem BlackBerry 10-Smartphone gesendet.\n  Originalnachricht  \nVon: Bob Helper\n"
        "Gesendet: Mittwoch, 25. November 2026 09:20\nAn: ann@home.example\nBetreff: Lamp"
    ),
    "Gmail, Estonian": (
        "Kontakt Bob Helper (<ticket1@tracker.example>) kirjutas kuupäeval K, 25. november 2026 kell 09:20:"
    ),
    "Gmail of old, Estonian": (
        "Kuupäev K, 25. november 2026 kell 09:20 kirjutas Bob Helper <\nticket1@tracker.example>:"
    ),
    "Roundcube, Estonian": "Kuupäeval 2026-11-25 09:20 kirjutas Bob Helper:",
    "Zimbra, French": "----- Le 25 Nov 26, à 9:20, Bob Helper ticket1@tracker.example a écrit :",
    "NetEase": (
        "---- Replied Message ----\n| From | Bob<ticket1@tracker.example> |\n| Date | 11/25/2026 09:20 |\n"
        "| To | ann@home.example |\n| Subject | Lamp |"
    ),
    "NetEase, Chinese": (
        "签名由 网易邮箱大师 定制\n\n---- 回复的原邮件 ----\n| 发件人 | Bob<ticket1@tracker.example> |\n"
        "| 日期 | 2026年11月25日 09:20 |\n| 收件人 | ann@home.example |\n| 主题 | Lamp |"
    ),
    "Virgilio": (
        "----Messaggio originale----\nDa: ticket1@tracker.example\nData: 25-nov-2026 9.20\n"
        "A: <ann@home.example>\nOgg: Lamp"
    ),
}


@pytest.mark.parametrize("outsider", [True, False])
@pytest.mark.parametrize("quoted", [MARKED, PLAIN], ids=["marked", "unmarked"])
@pytest.mark.parametrize("above", LINES.values(), ids=LINES)
def test_the_lines_above_a_letter_of_ours_are_not_the_writers(above: str, quoted: str, outsider: bool) -> None:
    parts = split(f"{WORDS}\n\n{above}\n\n{quoted}\n", OURS, outsider=outsider)
    assert parts.new == WORDS


THE_BAT = {
    "English": "Wednesday, November 25, 2026, 9:20:11 AM, you wrote:",
    "German": "Mittwoch, 25. November 2026, 09:20:11, schrieben Sie:",
    "German of old": "am Mittwoch, 25. November 2026 um 09:20 schrieben Sie:",
    "Russian": "Вы писали 25 ноября 2026 г., 9:20:11:",
    "Russian, with the day": "Среда, 25 ноября 2026 г., 9:20:11, Вы писали:",
    "French": "Le mercredi 25 novembre 2026 à 09:20:11, vous écriviez :",
}


@pytest.mark.parametrize("outsider", [True, False])
@pytest.mark.parametrize("above", THE_BAT.values(), ids=THE_BAT)
def test_what_the_bat_marks_with_initials_is_quoted(above: str, outsider: bool) -> None:
    marked = "\n".join(f"BH> {line}".rstrip() for line in LETTER)
    assert split(f"{WORDS}\n\n{above}\n\n{marked}\n", OURS, outsider=outsider).new == WORDS
    assert split(f"{WORDS}\n\n{above}\n\n{marked}\n").new == WORDS


def test_a_quotation_that_begins_in_the_line_above_it_is_one() -> None:
    text = f"{WORDS}\n\nOn Wed, 25 Nov 2026 at 09:20, {BOB} wrote:> {LETTER[2]}\n> more\n"
    assert split(text).new == WORDS
    words = "The switch says 12:>3 and I wrote: > 5."
    assert split(words).new == words


@pytest.mark.parametrize(
    "line",
    [
        "Please write to ticket1@tracker.example next time, I wrote on 25.11.2026 at 09:20:",
        "I ordered 25.11.2026 09:20 at shop@tracker.example, what about that",
        "Since 25.11.2026 09:20 nobody at ticket1@tracker.example answers",
        "ticket1@tracker.example is your address?",
        "The lamp that joe@shop.example wrote",
    ],
)
def test_a_sentence_above_a_letter_of_ours_is_the_writers(line: str) -> None:
    for quoted in (MARKED, PLAIN):
        assert split(f"{WORDS}\n\n{line}\n\n{quoted}\n", OURS).new == f"{WORDS}\n\n{line}"


def test_who_answers_below_a_letter_of_ours_without_any_line_above_it_quotes_it() -> None:
    assert split(f"{MARKED}\n\n{WORDS}\n", OURS).new == WORDS
    # Of a few lines, the writer chose them.
    assert split(f"> {LETTER[2]}\n\n{WORDS}\n", OURS).new == f"> {LETTER[2]}\n\n{WORDS}"


def test_a_line_with_a_colon_shows_a_quotation_but_no_whole_letter_of_ours() -> None:
    assert split(f"{WORDS}\nYou say:\n\n> {LETTER[2]}\n", OURS).new.endswith(LETTER[2])
    assert split(f"{WORDS}\nYou say:\n\n{MARKED}\n", OURS).new == f"{WORDS}\nYou say:"


def test_a_rule_above_a_quotation_and_the_telephones_line_before_it_are_a_clients() -> None:
    rows = "<b>From:</b> Bob &lt;ticket1@tracker.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Ann<br>"
    html = f"<p>{WORDS}</p><div>Get <a href='https://aka.ms/o0ukef'>Outlook for iOS</a></div><hr>"
    html += f"<div id=divRplyFwdMsg>{rows}<b>Subject:</b> Lamp</div><p>{'<br>'.join(LETTER)}</p>"
    text = parse_mail(f"Content-Type: text/html\n\n{html}".encode()).text
    assert split(text, OURS, outsider=True) == (WORDS, split(text, OURS).rest)


def test_a_forwarded_mail_within_an_answer_stays() -> None:
    offer = "From: Carl <carl@shop.example>\nDate: Wed, 25 Nov 2026\nSubject: Offer\n\nThe lamp L-200 costs 20."
    for begin in ("---------- Forwarded message ---------", "Anfang der weitergeleiteten Nachricht:"):
        for outsider in (True, False):
            text = f"{WORDS}\n\n{begin}\n{offer}\n\nOn Wed, 25 Nov 2026 at 09:20, {BOB} wrote:\n\n{MARKED}\n"
            assert "L-200 costs 20" in split(text, OURS, outsider=outsider).new


def test_lines_of_others_below_an_answer_stay_or_are_counted() -> None:
    head = "From: Carl <carl@shop.example>\nSent: Monday\nTo: Ann\nSubject: Offer"
    text = f"{WORDS}\n\n{head}\n\nThe lamp L-200 costs 20.\n"
    assert "L-200 costs 20" in split(text, OURS, outsider=True).new
    parts = split(text, OURS)
    assert (parts.new, foreign_lines(parts.rest, OURS)) == (WORDS, 1)
