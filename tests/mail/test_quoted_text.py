"""What the writer wrote is told from what they quoted: in every language, with every client, no word lost."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_tickets.devtools.bench.parts.quoted_text import HOSTILE, MISSES, REPLIES, TALON, is_exact, is_kept, replied
from mail_tickets.mail.parsed import parse_mail
from mail_tickets.mail.quotations import line_kinds
from mail_tickets.mail.quotations.client_phrases import LANGUAGES
from mail_tickets.mail.quotations.marks import could_lead
from mail_tickets.mail.quoted_text import Split, is_forward, split
from tests.support.time_bound import bounded

MAILS = Path(__file__).parent.parent / "mails"

# --- Real replies, and what their writers wrote ---


@pytest.mark.parametrize("name", REPLIES)
def test_a_real_reply_is_told_apart_exactly_unless_it_is_in_the_table_of_misses(name: str) -> None:
    text, wanted = replied(name)
    new = split(text).new
    assert is_kept(wanted, new), "words of the writer are lost"
    assert is_exact(wanted, new) is (name not in MISSES), MISSES.get(name, "no miss was known")


def test_enough_real_replies_are_exact() -> None:
    assert len(REPLIES) == 64
    assert set(MISSES) <= set(REPLIES)
    assert len(REPLIES) - len(MISSES) >= 48


@pytest.mark.parametrize("name", TALON)
def test_the_reply_of_every_client_is_found(name: str) -> None:
    path = MAILS / "talon" / "standard_replies" / f"{name}.eml"
    new = split(parse_mail(path.read_bytes()).text).new
    assert new.split() == ["Hello"]


# --- What clients write above a quotation ---


def said_in_any_language(column: str) -> list[str]:
    return sorted({word for words in LANGUAGES.values() for word in getattr(words, column).split("|") if word})


ABOVE = {
    "ar": "في الأحد، 5 أكتوبر 2014 في 5:20 م كتب \u202aAnn Smith\u202c\u200f <ann@home.example>:",
    "bg": "На нд, 5.10.2014 г. в 17:20 Ann Smith <ann@home.example> написа:",
    "cs": "ne 5. 10. 2014 v 17:20 odesílatel Ann Smith <ann@home.example> napsal:",
    "cs 3": "Ann Smith napsal(a) dne 5.10.2014 v 17:20:",
    "cs 2": "Dne 5. 10. 2014 v 17:20 Ann Smith napsal(a):",
    "da": "Den søn. 5. okt. 2014 kl. 17.20 skrev Ann Smith <ann@home.example>:",
    "da 2": "Den 05-10-2014 kl. 17:20 skrev Ann Smith:",
    "de": "Am So., 5. Okt. 2014 um 17:20 Uhr schrieb Ann Smith <ann@home.example>:",
    "de 2": "Am 05.10.14 um 17:20 schrieb Ann Smith:",
    "de 3": "Ann Smith <ann@home.example> schrieb am So., 5. Okt. 2014, 17:20:",
    "de 5": "Ann Smith schrieb am 05.10.14 um 17:20:",
    "de 4": "Am 5. Oktober 2014 17:20:33 MESZ schrieb Ann Smith <ann@home.example>:",
    "ca": "Missatge de Ann Smith <ann@home.example> del dia dg., 5 d’oct. 2014 a les 17:20:",
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
    "et": "Ann Smith (<ann@home.example>) kirjutas kuupäeval P, 5. oktoober 2014 kell 17:20:",
    "fa": "در تاریخ یکشنبه ۵ اکتبر ۲۰۱۴،\u200f ۱۷:۲۰ Ann Smith <ann@home.example> نوشت:",
    "fi": "su 5. lokak. 2014 klo 17.20 Ann Smith (ann@home.example) kirjoitti:",
    "fi 2": "Ann Smith kirjoitti 5.10.2014 klo 17.20:",
    "fr": "Le dim. 5 oct. 2014 à 17:20, Ann Smith <ann@home.example> a écrit :",
    "fr 2": "Le 05/10/2014 à 17:20, Ann Smith a écrit\xa0:",
    "he": "\u202bבתאריך יום א׳, 5 באוק׳ 2014 ב-17:20 מאת Ann\u202c\u200f <\u202aann@home.example\u202c\u200f>:\u202c",
    "he 2": "ב-5 באוק׳ 2014, בשעה 17:20, Ann Smith <ann@home.example> כתב/ה:",
    "hr": "ned, 5. lis 2014. u 17:20 Ann Smith <ann@home.example> napisao je:",
    "hu": "Ann Smith <ann@home.example> ezt írta (időpont: 2014. okt. 5., V, 17:20):",
    "hu 2": "2014.10.05. 17:20 keltezéssel, Ann Smith írta:",
    "id": "Pada tanggal Min, 5 Okt 2014 pukul 17.20 Ann Smith <ann@home.example> menulis:",
    "it": "Il giorno dom 5 ott 2014 alle ore 17:20 Ann Smith <ann@home.example> ha scritto:",
    "it 2": "Il 05/10/2014 17:20, Ann Smith ha scritto:",
    "ja": "2014年10月5日(日) 17:20 Ann Smith <ann@home.example>:",
    "ja 2": "2014/10/05 17:20、Ann Smith <ann@home.example>のメール:",
    "ko": "2014년 10월 5일 (일) 오후 5:20, Ann Smith <ann@home.example>님이 작성:",
    "ko 2": "2014. 10. 5. 오후 5:20, Ann Smith <ann@home.example> 작성:",
    "lt": "2014-10-05, sk, 17:20 Ann Smith <ann@home.example> rašė:",
    "lv": "Svētd., 2014. g. 5. okt., plkst. 17:20 — lietotājs Ann Smith (<ann@home.example>) rakstīja:",
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
    "sl": "V V ned., 5. okt. 2014 ob 17:20 je oseba Ann Smith <ann@home.example> napisala:",
    "sk": "ne 5. 10. 2014 o 17:20 Ann Smith <ann@home.example> napísal(a):",
    "sv": "Den sön 5 okt. 2014 kl 17:20 skrev Ann Smith <ann@home.example>:",
    "sv 3": "Ann Smith skrev den 2014-10-05 17:20:",
    "sv 2": "5 okt. 2014 kl. 17:20 skrev Ann Smith <ann@home.example>:",
    "th": "ในวันที่ อา. 5 ต.ค. 2014 เวลา 17:20 Ann Smith <ann@home.example> เขียนว่า:",
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
    parts = split(f"The new words.\n\n{line}\n{mark}old words\n{mark}more of them")
    assert parts == Split("The new words.", f"{line}\n{mark}old words\n{mark}more of them")


@pytest.mark.parametrize("line", [line for line in ABOVE.values() if "<" in line and not line.startswith("-")])
@pytest.mark.parametrize("where", [" <", "<"], ids=["before", "behind"])
def test_a_line_above_a_quotation_is_known_when_it_is_broken_at_the_address(line: str, where: str) -> None:
    broken = line.replace(where, f"{where}\n" if where == "<" else "\n<", 1)
    assert split(f"The new words.\n\n{broken}\n\n> old words").new == "The new words."


@pytest.mark.parametrize("line", [line for line in ABOVE.values() if not line.startswith("-")])
def test_answers_below_a_quotation_stay(line: str) -> None:
    assert split(f"{line}\n> a question\n\nThe answer.").new == "The answer."


# --- Words before such a line, on the same line ---

WORDS = {
    "English": "Yes please, send it to the second address",
    "a date": "I was away on 5 March 2014, please call me at 10:30 on Monday",
    "French": "Oui, merci, à l'adresse de Paris",
    "Russian": "Да, пришлите по второму адресу",
    "Arabic": "نعم، أرسله إلى العنوان الثاني",
    "Hebrew": "כן, שלחו לכתובת השנייה",
    "Japanese": "はい、二番目の住所に送ってください",
}
ENDS = [". ", "! ", "? ", ") ", "… ", "... ", ".", "!", " 🙂 ", "🙂", "。", ": ", "\N{HEAVY BLACK HEART}\ufe0f "]
CLIENTS = [name for name, line in ABOVE.items() if not line.startswith("-")]


def letters(text: str) -> str:
    return "".join(text.split())


def begins_with_on(line: str) -> bool:
    first = line.lstrip("\u202b").split()[0]
    return any(first == word or (word in ("ב-", "在") and first.startswith(word)) for word in ON)


ON = {word.split()[0] for word in said_in_any_language("on")}


@pytest.mark.parametrize("above", CLIENTS)
def test_words_before_a_line_above_a_quotation_stay(above: str) -> None:
    for words, end in product(WORDS.values(), ENDS):
        new, rest = split(f"{words}{end}{ABOVE[above]}\n> old words")
        assert letters(new) == letters(words + end)
        assert letters(rest) == letters(f"{ABOVE[above]}>oldwords")


@pytest.mark.parametrize("above", CLIENTS)
def test_such_a_line_stays_behind_words_without_an_end_unless_it_is_sure_where_it_begins(above: str) -> None:
    for words, end in product(WORDS.values(), (" ", ", ", " - ")):
        new, rest = split(f"{words}{end}{ABOVE[above]}\n> old words")
        assert letters(new).startswith(letters(words + end))
        assert letters(new + rest) == letters(f"{words}{end}{ABOVE[above]}>oldwords")
        if begins_with_on(ABOVE[above]):
            assert letters(new) == letters(words + end)


@pytest.mark.parametrize("above", CLIENTS)
def test_words_stay_wherever_the_client_broke_the_line(above: str) -> None:
    words = "Yes please, send it to the second address, the one that I gave you in May."
    line = ABOVE[above]
    gaps = [at for at, letter in enumerate(line) if letter == " "]
    texts = [f"{line[:at]}\n{line[at + 1 :]}" for at in gaps]
    texts += [f"{line[:at]}\n{line[at + 1 : to]}\n{line[to + 1 :]}" for at in gaps for to in gaps if at + 8 < to]
    for text in texts:
        new, rest = split(f"{words} {text}\n> old words")
        assert new == words
        assert letters(rest) == letters(f"{line}>oldwords")


# What further clients and their versions write: Apple Mail, Yahoo, KMail, mutt, Evolution, Roundcube, SOGo, The Bat! …
MORE = """\
On 4/4/12, 3:59 PM, "Ann Smith" <ann@home.example> wrote:
On Wednesday, April 4th, 2012 at 3:59 PM, Ann Smith <ann@home.example> wrote:
On Wednesday, 4 April 2012, 15:59:10 BST, Ann Smith <ann@home.example> wrote:
On Wednesday, April 4, 2012 3:59:32 PM CEST Ann Smith wrote:
On Wed, Apr 04, 2012 at 03:59:32PM +0200, Ann Smith wrote:
On Wed, 2012-04-04 at 15:59 +0200, Ann Smith wrote:
On Wed, Apr 4, 2012, 3:59 PM Ann Smith <ann@home.example> wrote:
On 2012-04-04 15:59, Ann Smith wrote:
On 04/04/2012 15:59, Ann Smith via General wrote:
On Wednesday, April 4, 2012 15:59 CEST, Ann Smith <ann@home.example> wrote:
On April 4, 2012 3:59:32 PM GMT+02:00, Ann Smith <ann@home.example> wrote:
On Apr 4, 2012, at 3:59 PM, Ann Smith <ann@home.example> wrote:
On 04-Apr-2012 15:59, ann wrote:
At 15:59 04.04.2012, Ann Smith wrote:
At 03:59 PM 4/4/2012 -0400, Ann Smith wrote:
In a message dated 4/4/2012 3:59:32 P.M. Eastern Daylight Time, ann@home.example writes:
El mié, 4 abr 2012 a la(s) 15:59, Ann Smith (ann@home.example) escribió:
El mié., 4 de abr. de 2012 15:59, Ann Smith <ann@home.example> escribió:
El 4 abr 2012, a las 15:59, Ann Smith <ann@home.example> escribió:
El miércoles, 4 de abril de 2012, Ann Smith <ann@home.example> escribió:
Le mer. 4 avr. 2012 à 15:59, Ann Smith <ann@home.example> a écrit :
Le mercredi 4 avril 2012 à 15:59:32 UTC+2, Ann Smith <ann@home.example> a écrit :
Le 4 avr. 2012 à 15:59, Ann Smith <ann@home.example> a écrit :
Le 19 mars 2014 10:37, Cédric <cedric@home.example> a écrit :
Em qua., 4 de abr. de 2012 às 15:59, Ann Smith <ann@home.example> escreveu:
Em 04/04/2012, à(s) 15:59, Ann Smith <ann@home.example> escreveu:
No dia 04/04/2012, às 15:59, Ann Smith escreveu:
A quarta-feira, 4 de abril de 2012 às 15:59, Ann Smith <ann@home.example> escreveu:
Il giorno mer 4 apr 2012 alle ore 15:59 Ann Smith <ann@home.example> ha scritto:
Il giorno 04 apr 2012, alle ore 15:59, Ann Smith <ann@home.example> ha scritto:
Op wo 4 apr. 2012 om 15:59 schreef Ann Smith <ann@home.example>:
Op 4 apr. 2012, om 15:59 heeft Ann Smith <ann@home.example> het volgende geschreven:
Op 04-04-12 om 15:59 schreef Ann Smith:
Am 20.06.24 um 16:20 schrieb Ann Smith:
Am 04.04.2012 15:59 schrieb "Ann Smith" <ann@home.example>:
Am Mittwoch, 4. April 2012, 15:59:32 MESZ hat Ann Smith <ann@home.example> Folgendes geschrieben:
Am Mittwoch, 4. April 2012, 15:59:32 CEST schrieb Ann Smith:
Am Mittwoch, den 04.04.2012, 15:59 +0200 schrieb Ann Smith:
Am Mi., 4. Apr. 2012 um 15:59 Uhr schrieb Ann Smith <ann@home.example>:
Am 04.04.2012 15:59, schrieb Ann Smith:
W dniu śr., 4 kwi 2012 o 15:59 Ann Smith <ann@home.example> napisał(a):
W dniu 4.04.2012 o 15:59, Ann Smith pisze:
śr., 4 kwi 2012 o 15:59 Ann Smith <ann@home.example> napisał(a):
Wiadomość napisana przez Ann Smith <ann@home.example> w dniu 04.04.2012, o godz. 15:59:
4 апр. 2012 г., в 15:59, Ann Smith <ann@home.example> написал(а):
ср, 4 апр. 2012 г. в 15:59, Ann Smith <ann@home.example>:
В Ср, 04/04/2012 в 15:59 +0400, Ann Smith пишет:
4 апреля 2012 г. 15:59 пользователь Ann Smith <ann@home.example> написал:
Ann Smith <ann@home.example> kirjoitti 4.4.2012 kello 15.59:
ke 4. huhtik. 2012 klo 15.59 Ann Smith (ann@home.example) kirjoitti:
Dne 4. 4. 2012 v 15:59, Ann Smith <ann@home.example> napsal(a):
st 4. 4. 2012 v 15:59 odesílatel Ann Smith <ann@home.example> napsal:
st 4. 4. 2012 o 15:59 Ann Smith <ann@home.example> napísal(a):
Dňa 4.4.2012 o 15:59 Ann Smith napísal(a):
2012. ápr. 4. dátummal, 15:59 időpontban Ann Smith <ann@home.example> írta:
Ann Smith <ann@home.example> ezt írta (időpont: 2012. ápr. 4., Sze, 15:59):
2012/04/04 15:59、Ann Smith <ann@home.example>のメール:
2012年4月4日(水) 15:59 Ann Smith <ann@home.example>:
Στις 4 Απρ 2012, 15:59, ο χρήστης Ann Smith <ann@home.example> έγραψε:
Στις Τετ, 4 Απρ 2012 στις 3:59 μ.μ., ο/η Ann Smith <ann@home.example> έγραψε:
Ann Smith <ann@home.example> şunları yazdı (4 Nis 2012 15:59):
Ann Smith <ann@home.example>, 4 Nis 2012 Çar, 15:59 tarihinde şunu yazdı:
在 2012年4月4日，15:59，Ann Smith <ann@home.example> 写道：
Ann Smith <ann@home.example> 于2012年4月4日周三 15:59写道：
在 2012/4/4 15:59, Ann Smith 写道:
2012. 4. 4. 오후 3:59, Ann Smith <ann@home.example> 작성:
На ср, 4.04.2012 г. в 15:59 Ann Smith <ann@home.example> написа:
На 4.04.2012 г., в 15:59, Ann Smith <ann@home.example> написа:
Pada 4 Apr 2012, pada 15.59, Ann Smith <ann@home.example> menulis:
Vào 15:59, 4 thg 4, 2012, Ann Smith <ann@home.example> đã viết:
Vào Th 4, 4 thg 4, 2012 vào lúc 15:59 Ann Smith <ann@home.example> đã viết:
ב-4 באפר׳ 2012, בשעה 15:59, Ann Smith <ann@home.example> כתב/ה:
\u202bבתאריך יום ד׳, 4 באפר׳ 2012 ב-15:59 מאת \u202aAnn Smith\u202c\u200f <\u202aann@home.example\u202c\u200f>:\u202c
في ٤ أبريل ٢٠١٢، الساعة ٣:٥٩ م، كتب Ann Smith <ann@home.example>:
في الأربعاء، 4 أبريل 2012 في 3:59 م كتب Ann Smith <ann@home.example>:
tirsdag 4. april 2012 skrev Ann Smith <ann@home.example>:
Den ons. 4. apr. 2012 kl. 15.59 skrev Ann Smith <ann@home.example>:
Den 4. apr. 2012 kl. 15.59 skrev Ann Smith <ann@home.example>:
4. apr. 2012 kl. 15:59 skrev Ann Smith <ann@home.example>:
ons. 4. apr. 2012 kl. 15:59 skrev Ann Smith <ann@home.example>:
Den ons 4 apr. 2012 kl 15:59 skrev Ann Smith <ann@home.example>:
4 apr. 2012 kl. 15:59 skrev Ann Smith <ann@home.example>:
În mie., 4 apr. 2012 la 15:59, Ann Smith <ann@home.example> a scris:
Pe 4 apr. 2012, la 15:59, Ann Smith <ann@home.example> a scris:
sri, 4. tra 2012. u 15:59 Ann Smith <ann@home.example> napisao je:
Dana 4.4.2012. u 15:59, Ann Smith je napisao/la:
V V sre., 4. apr. 2012 ob 15:59 je oseba Ann Smith <ann@home.example> napisala:
Dne 04. 04. 2012 ob 15:59 je Ann Smith napisal(a):
2012-04-04, tr, 15:59 Ann Smith <ann@home.example> rašė:
Trešd., 2012. g. 4. apr., plkst. 15:59 — lietotājs Ann Smith (<ann@home.example>) rakstīja:
Ann Smith (<ann@home.example>) kirjutas kuupäeval K, 4. aprill 2012 kell 15:59:
ср, 4 квіт. 2012 р. о 15:59 Ann Smith <ann@home.example> пише:
El dc, 4 abr 2012 a les 15:59, Ann Smith <ann@home.example> va escriure:
Missatge de Ann Smith <ann@home.example> del dia dc., 4 d’abr. 2012 a les 15:59:
در تاریخ چهارشنبه ۴ آوریل ۲۰۱۲،\u200f ۱۵:۵۹ Ann Smith <ann@home.example> نوشت:
ในวันที่ พ. 4 เม.ย. 2012 เวลา 15:59 Ann Smith <ann@home.example> เขียนว่า:
Pada Rab, 4 Apr 2012 pukul 15.59 Ann Smith <ann@home.example> menulis:
Wednesday, April 4, 2012, 3:59:00 PM, you wrote:
Wednesday, April 4, 2012, 3:59:00 PM, Ann Smith <ann@home.example> wrote:
Среда, 4 апреля 2012, 15:59 +04:00 от Ann Smith <ann@home.example>:
2012-04-04 15:59 GMT+02:00 Ann Smith <ann@home.example>:
On Wed, Apr 4, 2012 at 3:59 PM 'Ann Smith' via General <general@home.example> wrote:
On Wed, Apr 4, 2012 at 3:59 PM Ann Smith (Sales) <ann@home.example> wrote:
On Wed, Apr 4, 2012 at 3:59 PM Ann Smith [EXT] <ann@home.example> wrote:
On Wed, Apr 4, 2012 at 3:59 PM Smith, Ann <ann@home.example> wrote:
On Wed, Apr 4, 2012 at 3:59 PM Dr. Ann O'Neil-Smith <ann@home.example> wrote:
On Wed, Apr 4, 2012 at 3:59 PM <ann@home.example> wrote:
On Wed, Apr 4, 2012 at 3:59 PM, ann@home.example <ann@home.example> wrote:
On Wed, Apr 4, 2012 at 3:59 PM, ann@home.example wrote:
On Wed, Apr 4, 2012 at 3:59 PM, Yahoo! Desk <ann@home.example> wrote:
On Wed, Apr 4, 2012 at 3:59 PM, 李安 <ann@home.example> wrote:
On Wed, Apr 4, 2012 at 3:59 PM, Иван Петров <ann@home.example> wrote:
""".splitlines()


@pytest.mark.parametrize("above", MORE)
def test_the_line_of_every_client_is_found_alone_and_behind_words(above: str) -> None:
    assert split(f"New words.\n\n{above}\n> old words").new == "New words."
    for end in (". ", "! ", "? ", ") ", ".", "🙂 ", "\n"):
        new, rest = split(f"Yes please, send it there{end}{above}\n> old words")
        assert letters(new) == letters(f"Yes please, send it there{end}")
        assert letters(rest) == letters(f"{above}>oldwords")


REPLIED = [
    "Yes", "No", "Thanks", "Great", "Fine by me", "See you On Monday", "Call me at 10:30 on 5 May",
    "It is version 1.2.3", "My number is 12345", "I live in Le Mans", "I wrote to Ann Smith",
    "Send it to Bob <bob@home.example>", "Room 54", "I mean the second one (the blue one)",
    'The answer is "no"', "Am Montag passt es mir", "Le 5 mai me convient", "Le lundi", "El lunes", "Il secondo",
    "Op maandag", "W poniedziałek", "В понедельник", "Den andra", "Sim, a segunda", "はい", "好的", "감사합니다", "نعم",
    "כן", "Ναι", "Vâng", "OK 👍", "+1", "Bob Smith",
]  # fmt: skip


@pytest.mark.parametrize("reply", REPLIED)
def test_a_short_reply_is_not_lost_before_the_line_of_any_client(reply: str) -> None:
    for number, line in enumerate((*MORE, *(ABOVE[name] for name in CLIENTS))):
        for place, end in enumerate((". ", "! ", "? ", ") ", "🙂 ", "\n")):
            # Above every other one, so that each line and each end has it and has it not.
            greeting = "Hello,\n\n" if (number + place) % 2 else ""
            parts = split(f"{greeting}{reply}{end}{line}\n> old words")
            assert letters(parts.new) == letters(f"{greeting}{reply}{end}")


BEFORE = {
    "the mail that was seen": (
        "Yes please, send it to the second address.",
        " On Wed, Apr 4, 2012 at 3:59 PM, x@y.example wrote:",
    ),
    "French": ("Merci, c'est noté.", " Le 19 mars 2014 10:37, Cédric <cedric@home.example> a écrit :"),
    "German": ("Ja bitte!", " Am 20.06.24 um 16:20 schrieb Ann Smith:"),
    "no space": ("Yes please.", "On Wed, Apr 4, 2012 at 3:59 PM, Ann <ann@home.example> wrote:"),
    "nothing between": ("Yes please", "On Wed, Apr 4, 2012 at 3:59 PM, Ann <ann@home.example> wrote:"),
    "a line without an address": ("Fine", " On 10/5/2014 5:20 PM, Ann Smith wrote:"),
    "a capital On in the words": ("Go On. I am in On Monday.", " On 10/5/2014 5:20 PM, Ann Smith wrote:"),
    "a name with On": ("Yes.", " On Wed, Apr 4, 2012 at 3:59 PM, On Lee <on.lee@home.example> wrote:"),
    "a name with Le": ("Oui.", " Le 19 mars 2014 à 10:37, Yann Le Gall <yann@home.example> a écrit :"),
    "a day and a month": ("Ja.", " Am Mittwoch, den 4. April 2012 um 15:59 schrieb Ann <ann@home.example>:"),
    "a name with a number": ("Yes.", " On Wed, Apr 4, 2012 at 3:59 PM, Studio 54 <desk54@home.example> wrote:"),
    "no year": ("Yes.", " On Wed, Apr 4 at 3:59 PM, Ann Smith <ann@home.example> wrote:"),
    "a name and an address": ("Yes, please do.", " Ann Smith <ann@home.example> wrote:"),
    "a title": ("Yes, please do.", " Dr. Ann B. Smith <ann@home.example> wrote:"),
    "another mail's address": ("I wrote to bob@home.example.", " On 10/5/2014 5:20 PM, Ann Smith wrote:"),
    "a date before a date": ("Not before 1/2/2015.", " On 10/5/2014 5:20 PM, Ann Smith wrote:"),
    "a long paragraph": ("many words, " * 80 + "and an end.", " On 10/5/2014 5:20 PM, Ann Smith wrote:"),
    "a colon": ("My answer is this:", " On 10/5/2014 5:20 PM, Ann Smith wrote:"),
    "one sign": ("👍", " On 10/5/2014 5:20 PM, Ann Smith wrote:"),
    "a vote": ("+1", " On 10/5/2014 5:20 PM, Ann Smith wrote:"),
}


@pytest.mark.parametrize(("words", "above"), BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("mark", ["> ", ""], ids=["marked", "ours"])
@pytest.mark.parametrize("first", ["", "Hello,\n\n"], ids=["alone", "below"])
def test_a_line_is_cut_where_the_line_above_a_quotation_begins(words: str, above: str, mark: str, first: str) -> None:
    quoted = "\n".join(mark + line for line in LETTER)
    new, rest = split(f"{first}{words}{above}\n\n{quoted}", LETTER)
    assert new == f"{first}{words}"
    assert rest.startswith(f"{above.strip()}\n")


def test_what_is_not_marked_is_quoted_below_a_line_that_is_cut() -> None:
    parts = split("Yes. On Wed, Apr 4, 2012 at 3:59 PM, Ann <ann@home.example> wrote:\n\nold words\n\nmore")
    assert parts.new == "Yes."


ENDS_LIKE_ONE = [
    "Please see what Ann wrote:", "As Ann wrote:", "I agree with what Bob wrote:", "Yes, Ann wrote:", "What Ann wrote:",
    "Here is what ann@home.example wrote:", "Please send it to ann@home.example:", "Ask ann@home.example:",
    "On 5 Oct 2014 we agreed on what Ann wrote:", "At 5 pm I saw what Ann wrote:", "On Monday I wrote:",
    "This came on 5 Oct 2014 at 17:20 from Ann <ann@home.example>:", "Thanks Ann <ann@home.example> wrote:",
    "Please see what Ann Smith <ann@home.example> wrote:", "The log of 2014-10-05 17:20 says:", "Wie Ann schrieb:",
    "Bitte lies, was Ann geschrieben hat:", "Regardez ce que Jean a écrit :", "Mira lo que Ana escribió:",
    "Посмотрите, что написал Иван:", "Zobacz, co napisała Anna:", "Lees wat Jan heeft geschreven:",
    "Come ha scritto Ann:", "I think that the second one is right, as she wrote:", "Katso mitä Ann kirjoitti:",
    "Se vad Ann skrev:", "Am 5.10.2014 habe ich gelesen, was Ann schrieb:", "请看安写道的：",
    "Le 5 octobre 2014 nous avons lu ce que Jean a écrit :", "Ann'in ne yazdığını okudum, şöyle yazmış:",
    "I forwarded it to Bob <bob@home.example>, who wrote:",
    "Yes please send it to her. This is what Ann wrote:", "He asked on Sunday, 5 Oct 2014 at 17:20 what Ann wrote:",
    "We met on 5 Oct 2014 at 17:20 and this is what Ann Smith wrote:", "In my mail of 5 Oct 2014 I wrote:",
    "On 5 Oct 2014 at 17:20 we met Ann <ann@home.example>:", "Their answer, on 5 Oct 2014:", "My colleague wrote:",
    "I got this from Ann Smith <ann@home.example> on 5 Oct 2014 at 17:20:", "Yes, you wrote:",
    "The mail of Ann <ann@home.example> of 5.10.2014 17:20 says:", "Our vendor Acme wrote:", "See what bob wrote:",
    "Today Ann Smith <ann@home.example> wrote:", "Yesterday Ann wrote:", "Hier, Jean a écrit :", "Jean m'a écrit :",
    "Im Handbuch steht geschrieben:", "Das hat mir Ann Smith <ann@home.example> geschrieben:", "Она мне написала:",
    "Вот что он мне написал 5 октября 2014 г. в 17:20:", "Error at 2014-10-05 17:20:33, Ann wrote:",
    "Did you get that? Our manual, as Bob Smith <bob@home.example> wrote:", "As you wrote:",
    "Can you read this log? 2014-10-05 17:20:33 ERROR the server wrote:",
]  # fmt: skip


@pytest.mark.parametrize("line", ENDS_LIKE_ONE)
@pytest.mark.parametrize("mark", ["> ", "\n> ", "\n"])
def test_a_sentence_that_only_ends_like_one_stays(line: str, mark: str) -> None:
    assert split(f"Hello,\n\n{line}\n{mark}old words").new.startswith(f"Hello,\n\n{line}")
    before = "I have read the whole of this conversation again since Monday."
    for gap in [at for at, letter in enumerate(line) if letter == " "]:
        long = f"{before} {line[:gap]}\n{line[gap + 1 :]}"
        assert letters(split(f"{long}\n{mark}old words").new).startswith(letters(long))


@pytest.mark.parametrize("language", [code for code, words in LANGUAGES.items() if words.sender and words.to])
def test_the_header_lines_of_a_letter_that_is_answered_end_what_is_new(language: str) -> None:
    words = LANGUAGES[language]
    names = [column.split("|")[0] for column in (words.sender, words.date, words.to, words.subject)]
    for form in ("{}: ", "*{}:* ", "{} : ", "{}："):
        values = ("Ann Smith", "5.10.2014 17:20", "hello@tickets.example", "Boot")
        block = "\n".join(form.format(name) + value for name, value in zip(names, values, strict=True))
        assert split(f"The new words.\n\n{block}\n\nold words").new == "The new words."


@pytest.mark.parametrize("words", said_in_any_language("original"))
def test_a_delimiter_above_a_letter_that_is_answered_ends_what_is_new(words: str) -> None:
    for line in (f"-----{words}-----", f"-------- {words} --------", f"------------------ {words} ------------------"):
        assert split(f"The new words.\n\n{line}\nold words").new == "The new words."


@pytest.mark.parametrize("words", said_in_any_language("forwarded"))
def test_a_letter_that_is_passed_on_is_new(words: str) -> None:
    for line in (f"---------- {words} ---------", f"{words}:"):
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
    parts = split(text)
    assert parts.new.strip() == text.strip()
    assert parts.rest == ""


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


@pytest.mark.parametrize("rule", ["_____", "-" * 20, "=" * 70, "*****"])
def test_a_footer_below_a_rule_answers_no_quotation_above_it(rule: str) -> None:
    quotation = "On 5 Oct 2014, at 17:20, Carl <c@shop.example> wrote:\n\n> We do not pay.\n> At all."
    parts = split(f"New.\n\n{quotation}\n\n{rule}\nScanned by our server.")
    assert parts == Split(f"New.\n\n{rule}\nScanned by our server.", quotation)
    # Words without a rule do, and so do those between quoted lines.
    below = split(f"New.\n\n{quotation}\nNo, we do.\n> Then when?\n\n{rule}\nScanned.").new
    assert "> At all.\nNo, we do." in below
    assert "> We do not pay." in split(f"New.\n\n{quotation}\n\nNo, we do.").new


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
    "Hello", "Yes. On Sun, Oct 5, 2014 at 5:20 PM Ann <ann@home.example> wrote:",
    "> quoted", ">> deeper", "", " ", "-- ", "--", "Sent from my iPhone", *ABOVE.values(), ">:", "<",
    "> wrote:", "-----Original Message-----",
    "---------- Forwarded message ---------", "Begin forwarded message:", "_" * 47,
    "From: Ann <ann@home.example>", "Sent: Friday", "To: b", "Subject: x", "Received: x", "| barred", "AB> barred",
    ">>> prompt", "    indented", "It says:", "x mailing list", *LETTER,
])  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=25).map("\n".join))


def nonblank_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def is_sequence_of(part: str, whole: str) -> bool:
    rest = iter(whole)
    return all(letter in rest for letter in part)


@given(TEXTS, st.booleans(), st.sampled_from([(), tuple(LETTER)]))
@settings(max_examples=400, deadline=None)
def test_no_line_is_lost_and_none_is_invented(text: str, forward: bool, our_texts: tuple[str, ...]) -> None:
    parts = split(text, our_texts, forward)
    assert sorted(letters(parts.new) + letters(parts.rest)) == sorted(letters(text))
    assert is_sequence_of(letters(parts.new), letters(text))
    assert is_sequence_of(letters(parts.rest), letters(text))
    assert bool(parts.new.strip()) is bool(text.strip())


@given(st.lists(st.text("abcdefgh .,;()'\t", max_size=60), max_size=30).map("\n".join))
def test_text_without_a_mark_is_new_as_a_whole(text: str) -> None:
    assert nonblank_lines(split(text).new) == nonblank_lines(text)


@pytest.mark.parametrize("name", REPLIES)
def test_what_is_new_stays_new(name: str) -> None:
    once = split(replied(name)[0]).new
    assert split(once).new.split() == once.split()


@pytest.mark.parametrize("shape", HOSTILE, ids=HOSTILE)
def test_hostile_text_is_split_without_a_loss(shape: str) -> None:
    text = HOSTILE[shape](50_000)
    parts = split(text, LETTER)
    assert len(letters(parts.new)) + len(letters(parts.rest)) == len(letters(text))


@pytest.mark.parametrize("shape", HOSTILE, ids=HOSTILE)
def test_whether_a_text_could_lead_to_a_letter_is_told_in_linear_time(shape: str) -> None:
    text = HOSTILE[shape](1_000_000)
    with bounded():
        could_lead(text)
        # Where a colon or an address decides, the rest of the text is not looked at.
        could_lead(text.translate(str.maketrans("", "", ":：@")))


def test_a_mail_of_very_many_lines_is_kept_where_it_is_not_read_line_by_line() -> None:
    text = "Hello\n" + "x\n" * (2 * line_kinds.LINES) + "Bye"
    assert nonblank_lines(split(text).new) == nonblank_lines(text)
    assert split("Hello\n" + "> x\n" * (2 * line_kinds.LINES)).new == "Hello"
