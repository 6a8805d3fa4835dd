"""What the writer wrote is told from what they quoted: in every language, with every client, no word lost."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.devtools.bench.quoted_text import HOSTILE, MISSES, REPLIES, TALON, is_exact, is_kept, replied
from app.mail import quoted_text
from app.mail.client_phrases import LANGUAGES
from app.mail.parsed import read
from app.mail.quoted_text import Split, is_forward, split

MAILS = Path(__file__).parent.parent / "mails"

# --- Real replies, and what their writers wrote ---


@pytest.mark.parametrize("name", REPLIES)
def test_a_real_reply_is_told_apart_exactly_unless_it_is_in_the_table_of_misses(name: str) -> None:
    text, wanted = replied(name)
    found = split(text).new
    assert is_kept(wanted, found), "words of the writer are lost"
    assert is_exact(wanted, found) is (name not in MISSES), MISSES.get(name, "no miss was known")


def test_enough_real_replies_are_exact() -> None:
    assert len(REPLIES) == 64
    assert set(MISSES) <= set(REPLIES)
    assert len(REPLIES) - len(MISSES) >= 48


@pytest.mark.parametrize("name", TALON)
def test_the_reply_of_every_client_is_found(name: str) -> None:
    path = MAILS / "talon" / "standard_replies" / f"{name}.eml"
    found = split(read(path.read_bytes()).text).new
    assert found.split() == ["Hello"]


# --- What clients write above a quotation ---


def said_in_any_language(column: str) -> list[str]:
    return sorted({word for words in LANGUAGES.values() for word in getattr(words, column).split("|") if word})


ABOVE = {
    "ar": "في الأحد، 5 أكتوبر 2014 في 5:20 م كتب \u202aAnn Smith\u202c\u200f <ann@home.example>:",
    "bg": "На нд, 5.10.2014 г. в 17:20 Ann Smith <ann@home.example> написа:",
    "cs": "ne 5. 10. 2014 v 17:20 odesílatel Ann Smith <ann@home.example> napsal:",
    "cs 2": "Dne 5. 10. 2014 v 17:20 Ann Smith napsal(a):",
    "da": "Den søn. 5. okt. 2014 kl. 17.20 skrev Ann Smith <ann@home.example>:",
    "da 2": "Den 05-10-2014 kl. 17:20 skrev Ann Smith:",
    "de": "Am So., 5. Okt. 2014 um 17:20 Uhr schrieb Ann Smith <ann@home.example>:",
    "de 2": "Am 05.10.14 um 17:20 schrieb Ann Smith:",
    "de 3": "Ann Smith <ann@home.example> schrieb am So., 5. Okt. 2014, 17:20:",
    "de 4": "Am 5. Oktober 2014 17:20:33 MESZ schrieb Ann Smith <ann@home.example>:",
    "el": "Στις Κυρ, 5 Οκτ 2014 στις 5:20 μ.μ., ο/η Ann Smith <ann@home.example> έγραψε:",
    "el 2": "Στις 5/10/2014 17:20, ο Ann Smith έγραψε:",
    "en": "On Sun, Oct 5, 2014 at 5:20 PM Ann Smith <ann@home.example> wrote:",
    "en 2": "On 5 Oct 2014, at 17:20, Ann Smith <ann@home.example> wrote:",
    "en 3": "On 10/5/2014 5:20 PM, Ann Smith wrote:",
    "en 4": "---- On Sun, 05 Oct 2014 17:20:33 +0100 Ann Smith <ann@home.example> wrote ----",
    "en 5": "On Sunday, October 5th, 2014 at 5:20 PM, Ann Smith <ann@home.example> wrote:",
    "en 6": "--- On Sun, 5/10/14, Ann Smith <ann@home.example> wrote:",
    "en 7": "Ann Smith <ann@home.example> wrote:",
    "es": "El dom, 5 oct 2014 a las 17:20, Ann Smith (<ann@home.example>) escribió:",
    "es 2": "El 05/10/2014 a las 17:20, Ann Smith escribió:",
    "fi": "su 5. lokak. 2014 klo 17.20 Ann Smith (ann@home.example) kirjoitti:",
    "fi 2": "Ann Smith kirjoitti 5.10.2014 klo 17.20:",
    "fr": "Le dim. 5 oct. 2014 à 17:20, Ann Smith <ann@home.example> a écrit :",
    "fr 2": "Le 05/10/2014 à 17:20, Ann Smith a écrit\xa0:",
    "he": "\u202bבתאריך יום א׳, 5 באוק׳ 2014 ב-17:20 מאת Ann\u202c\u200f <\u202aann@home.example\u202c\u200f>:\u202c",
    "he 2": "ב-5 באוק׳ 2014, בשעה 17:20, Ann Smith <ann@home.example> כתב/ה:",
    "hu": "Ann Smith <ann@home.example> ezt írta (időpont: 2014. okt. 5., V, 17:20):",
    "hu 2": "2014.10.05. 17:20 keltezéssel, Ann Smith írta:",
    "it": "Il giorno dom 5 ott 2014 alle ore 17:20 Ann Smith <ann@home.example> ha scritto:",
    "it 2": "Il 05/10/2014 17:20, Ann Smith ha scritto:",
    "ja": "2014年10月5日(日) 17:20 Ann Smith <ann@home.example>:",
    "ja 2": "2014/10/05 17:20、Ann Smith <ann@home.example>のメール:",
    "ko": "2014년 10월 5일 (일) 오후 5:20, Ann Smith <ann@home.example>님이 작성:",
    "ko 2": "2014. 10. 5. 오후 5:20, Ann Smith <ann@home.example> 작성:",
    "nl": "Op zo 5 okt. 2014 om 17:20 schreef Ann Smith <ann@home.example>:",
    "nl 2": "Op 5 okt. 2014, om 17:20 heeft Ann Smith <ann@home.example> het volgende geschreven:",
    "no": "søn. 5. okt. 2014 kl. 17:20 skrev Ann Smith <ann@home.example>:",
    "pl": "niedz., 5 paź 2014 o 17:20 Ann Smith <ann@home.example> napisał(a):",
    "pl 2": "W dniu 05.10.2014 o 17:20, Ann Smith pisze:",
    "pt": "Em dom., 5 de out. de 2014 às 17:20, Ann Smith <ann@home.example> escreveu:",
    "pt 2": "Em 05/10/2014 17:20, Ann Smith escreveu:",
    "ro": "În dum., 5 oct. 2014 la 17:20, Ann Smith <ann@home.example> a scris:",
    "ru": "вс, 5 окт. 2014 г. в 17:20, Ann Smith <ann@home.example>:",
    "ru 2": "5 октября 2014 г., 17:20 пользователь Ann Smith <ann@home.example> написал:",
    "ru 3": "05.10.2014 17:20, Ann Smith пишет:",
    "ru 4": "Воскресенье, 5 октября 2014, 17:20 +04:00 от Ann Smith <ann@home.example>:",
    "sk": "ne 5. 10. 2014 o 17:20 Ann Smith <ann@home.example> napísal(a):",
    "sv": "Den sön 5 okt. 2014 kl 17:20 skrev Ann Smith <ann@home.example>:",
    "sv 2": "5 okt. 2014 kl. 17:20 skrev Ann Smith <ann@home.example>:",
    "tr": "Ann Smith <ann@home.example>, 5 Eki 2014 Paz, 17:20 tarihinde şunu yazdı:",
    "tr 2": "5.10.2014 17:20 tarihinde Ann Smith yazdı:",
    "uk": "нд, 5 жовт. 2014 р. о 17:20 Ann Smith <ann@home.example> пише:",
    "uk 2": "05.10.14 17:20, Ann Smith пише:",
    "vi": "Vào CN, 5 thg 10, 2014 vào lúc 17:20 Ann Smith <ann@home.example> đã viết:",
    "zh": "Ann Smith <ann@home.example> 于2014年10月5日周日 17:20写道：",
    "zh 2": "在 2014年10月5日，下午5:20，Ann Smith <ann@home.example> 写道：",
    "zh 3": "Ann Smith <ann@home.example> 於 2014年10月5日 週日 下午5:20寫道：",
    "zh 4": "On 2014-10-05 17:20:33, \"Ann Smith\" <ann@home.example> wrote:",
    "zh 5": "在 2014-10-05 17:20:33，\"Ann Smith\" <ann@home.example> 写道：",
}  # fmt: skip


@pytest.mark.parametrize("line", ABOVE.values(), ids=ABOVE)
@pytest.mark.parametrize("mark", ["> ", ""], ids=["marked", "unmarked"])
def test_a_quotation_ends_what_is_new(line: str, mark: str) -> None:
    found = split(f"The new words.\n\n{line}\n{mark}old words\n{mark}more of them")
    assert found == Split("The new words.", f"{line}\n{mark}old words\n{mark}more of them")


@pytest.mark.parametrize("line", [line for line in ABOVE.values() if "<" in line and not line.startswith("-")])
@pytest.mark.parametrize("where", [" <", "<"], ids=["before", "behind"])
def test_a_line_above_a_quotation_is_known_when_it_is_broken_at_the_address(line: str, where: str) -> None:
    broken = line.replace(where, f"{where}\n" if where == "<" else "\n<", 1)
    assert split(f"The new words.\n\n{broken}\n\n> old words").new == "The new words."


@pytest.mark.parametrize("line", [line for line in ABOVE.values() if not line.startswith("-")])
def test_answers_below_a_quotation_stay(line: str) -> None:
    assert split(f"{line}\n> a question\n\nThe answer.").new == "The answer."


@pytest.mark.parametrize("language", [code for code, words in LANGUAGES.items() if words.sender and words.to])
def test_the_header_lines_of_a_letter_that_is_answered_end_what_is_new(language: str) -> None:
    words = LANGUAGES[language]
    names = [column.split("|")[0] for column in (words.sender, words.date, words.to, words.subject)]
    for form in ("{}: ", "*{}:* ", "{} : ", "{}："):
        values = ("Ann Smith", "5.10.2014 17:20", "hello@tickets.example", "Boot")
        block = "\n".join(form.format(name) + value for name, value in zip(names, values, strict=True))
        assert split(f"The new words.\n\n{block}\n\nold words").new == "The new words."


@pytest.mark.parametrize("said", said_in_any_language("original"))
def test_a_delimiter_above_a_letter_that_is_answered_ends_what_is_new(said: str) -> None:
    for line in (f"-----{said}-----", f"-------- {said} --------", f"------------------ {said} ------------------"):
        assert split(f"The new words.\n\n{line}\nold words").new == "The new words."


@pytest.mark.parametrize("said", said_in_any_language("forwarded"))
def test_a_letter_that_is_passed_on_is_new(said: str) -> None:
    for line in (f"---------- {said} ---------", f"{said}:"):
        text = (
            f"For you.\n\n{line}\nFrom: Ann <ann@home.example>\nSubject: Boot\nTo: b@home.example\n\nIt does not boot."
        )
        assert split(text) == Split(text, "")


DEVICES = [
    "Sent from my iPhone", "Sent from my Samsung Galaxy smartphone.", "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "Get Outlook for Android", "Sent from Yahoo Mail on Android", "Sent via BlackBerry by AT&T",
    "Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows", "Sent with Proton Mail secure email.",
    "Von meinem iPhone gesendet", "Gesendet mit der GMX Mail App", "Outlook für Android herunterladen",
    "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.", "Envoyé de mon iPhone",
    "Obtenir Outlook pour iOS", "Enviado desde mi iPhone", "Obtener Outlook para Android", "Enviado do meu iPhone",
    "Inviato da iPhone", "Verzonden vanaf mijn iPhone", "Wysłane z iPhone'a", "Odesláno z iPhonu",
    "Skickat från min iPhone", "Sendt fra min iPhone", "Lähetetty iPhonesta", "Отправлено с iPhone",
    "Надіслано з iPhone", "iPhone'umdan gönderildi", "Στάλθηκε από το iPhone μου", "Az iPhone készülékemről küldve",
    "Trimis de pe iPhone-ul meu", "iPhoneから送信", "发自我的 iPhone", "從我的iPhone傳送", "나의 iPhone에서 보냄",
    "أرسلت من الـ iPhone", "נשלח מה-iPhone שלי",
]  # fmt: skip


@pytest.mark.parametrize("line", DEVICES)
def test_what_a_telephone_adds_is_set_aside(line: str) -> None:
    assert split(f"The new words.\n\n{line}").new == "The new words."
    assert split(f"The new words.\n{line}\n\n> old words").new == "The new words."


# --- What stays ---

WHOLE = {
    "words alone": "It does not boot.\n\n    indented: yes\n\tand so\n\nWhat now?",
    "a question that begins like a line above a quotation": "On Monday I wrote:\n\nit does not boot.",
    "a log": "The log says:\n\nOn 2024-01-05 10:32:11 the server wrote:\n    ERROR 17\n    ERROR 18",
    "a trip": "From: Berlin\nTo: Munich\nDate: Friday\n\nPlease book it.",
    "a mail's headers": "Why?\n\nReceived: from a.example\nFrom: a@a.example\nTo: b@b.example\nSubject: x\nDate: y",
    "a Python session": "I typed\n\n>>> 1 / 0\n>>> 2 / 0",
    "something quoted on purpose": "It prints this:\n\n> no such file",
    "a telephone that people write of": "My problem:\nSent from my iPhone is below\nevery mail.",
    "dashes between paragraphs": "One\n--\n" + "two\n" * 13,
    "a list with dashes": "- one\n- two\n-- three",
    "a patch": "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b",
    "YAML": "---\nfrom: x\nto:\n  - y\n",
    "an address and a colon": "Please write to ann@home.example:\nshe knows.",
    "a bounce": "A bounce came on 2024-05-01 12:00 for <ann@home.example>:\n\n550 no such user",
    "only a quotation": "> old words",
    "only a signature": "-- \nAnn",
    "only a letter that is answered": "-----Original Message-----\nFrom: a@a.example\n\nold words",
    "nothing": "",
    "blank lines": "\n \n",
}


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_in_doubt_a_line_is_new(text: str) -> None:
    found = split(text)
    assert found.new.strip() == text.strip()
    assert found.rest == ""


def test_answers_between_quoted_lines_stay_with_what_they_answer() -> None:
    text = "Hello,\n\nOn 5 Oct 2014, at 17:20, Ann wrote:\n> One?\nYes.\n> Two?\nNo.\n> Regards\n> Ann\n\n-- \nBob"
    assert split(text).new == "Hello,\n\n> One?\nYes.\n> Two?\nNo."


def test_indentation_is_kept() -> None:
    assert split("\n\n    code:\n\t- x  \n\n-- \nAnn").new == "    code:\n\t- x  "


def test_a_signature_ends_at_the_quotation_below_it() -> None:
    assert split("New.\n\n-- \nAnn\n\nOn 5 Oct 2014, Bob <b@b.example> wrote:\n> old\n\nBelow.").new.split() == [
        "New.", ">", "old", "Below.",
    ]  # fmt: skip


def test_a_mailing_list_s_footer_is_set_aside() -> None:
    assert split(f"New.\n\n{'_' * 47}\nriak-users mailing list\nriak-users@lists.example").new == "New."


@pytest.mark.parametrize(
    "subject", ["Fwd: x", "FW: x", "WG: x", "TR: x", "RV: x", "[ubuntu #1] Fwd: x", "转发：x", "VB: x"]
)
def test_a_subject_says_that_a_letter_is_passed_on(subject: str) -> None:
    assert is_forward(subject)


@pytest.mark.parametrize("subject", ["Re: Fwd: x", "AW: WG: x", "x", "", "Forward the mail", "[ubuntu #1] Re: x"])
def test_a_subject_says_that_none_is(subject: str) -> None:
    assert not is_forward(subject)


def test_in_a_mail_that_passes_on_the_other_letter_is_new() -> None:
    letter = "From: Ann <ann@home.example>\nSent: Friday\nTo: b@home.example\nSubject: Boot\n\nIt does not boot.\n> old"
    assert split(f"For you.\n\n-- \nBob\n\n{letter}", forward=True) == Split(f"For you.\n\n\n{letter}", "-- \nBob")
    assert split(f"For you.\n\n{letter}").new == "For you."


# --- Our own letters coming back ---

LETTER = [
    "Sample Person proposed the following answer:",
    "",
    "You need to install and configure BootX to boot the installer CD, and then it will work as it did before.",
    "",
    "    Status: Open → Answered",
    "",
    "-- ",
    "You get this because you asked for help with ticket 1.",
    "While it is Answered, a reply from you reopens it; Sample Person and all who answer for ubuntu will read it.",
]


def test_our_letter_is_quoted_wherever_it_stands() -> None:
    assert split("\n".join(["Thanks!", "", *LETTER]), LETTER).new == "Thanks!"
    assert split("\n".join([*LETTER, "", "Thanks!"]), LETTER).new.endswith("Thanks!")


def test_our_letter_is_known_when_a_client_broke_its_lines() -> None:
    broken = "> While it is Answered, a reply from you reopens it; Sample Person and all"
    broken += "\nwho answer for ubuntu will\nread it."
    assert split(f"Thanks!\n\n> {LETTER[7]}\n{broken}", LETTER).new == "Thanks!"


def test_short_words_that_stand_in_our_letters_too_stay() -> None:
    assert split("Yes\n\nNo", ["Yes", "No", *LETTER]) == Split("Yes\n\nNo", "")


# --- Any text at all ---

LINES = st.sampled_from([
    "Hello", "> quoted", ">> deeper", "", " ", "-- ", "--", "Sent from my iPhone", *ABOVE.values(), ">:", "<",
    "> wrote:", "-----Original Message-----",
    "---------- Forwarded message ---------", "Begin forwarded message:", "_" * 47,
    "From: Ann <ann@home.example>", "Sent: Friday", "To: b", "Subject: x", "Received: x", "| barred", "AB> barred",
    ">>> prompt", "    indented", "It says:", "x mailing list", *LETTER,
])  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=25).map("\n".join))


def written(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def is_sequence_of(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(line in rest for line in part)


@given(TEXTS, st.booleans(), st.sampled_from([(), tuple(LETTER)]))
@settings(max_examples=400, deadline=None)
def test_no_line_is_lost_and_none_is_invented(text: str, forward: bool, ours: tuple[str, ...]) -> None:
    found = split(text, ours, forward)
    assert sorted(written(found.new) + written(found.rest)) == sorted(written(text))
    assert is_sequence_of(written(found.new), written(text))
    assert is_sequence_of(written(found.rest), written(text))
    assert bool(found.new.strip()) is bool(text.strip())


@given(st.lists(st.text("abcdefgh .,;()'\t", max_size=60), max_size=30).map("\n".join))
def test_text_without_a_mark_is_new_as_a_whole(text: str) -> None:
    assert written(split(text).new) == written(text)


@pytest.mark.parametrize("name", REPLIES)
def test_what_is_new_stays_new(name: str) -> None:
    once = split(replied(name)[0]).new
    assert split(once).new.split() == once.split()


@pytest.mark.parametrize("shape", HOSTILE, ids=HOSTILE)
def test_hostile_text_is_split_without_a_loss(shape: str) -> None:
    text = HOSTILE[shape](50_000)
    found = split(text, LETTER)
    assert len(written(found.new)) + len(written(found.rest)) == len(written(text))


def test_a_mail_of_very_many_lines_is_kept_where_it_is_not_read_line_by_line() -> None:
    text = "Hello\n" + "x\n" * (2 * quoted_text.LINES) + "Bye"
    assert written(split(text).new) == written(text)
    assert split("Hello\n" + "> x\n" * (2 * quoted_text.LINES)).new == "Hello"
