"""The phrases by which somebody asks for no more emails, in the languages whose mail clients are known.

Data, and how a text is compared with it. A text counts if all of it is such a phrase, politeness and the writer's name
aside. Upper and lower case and punctuation do not matter. Several phrases stand between bars.
"""

import re
from unicodedata import normalize

# One row a language of `client_phrases.LANGUAGES`; a test compares the two.
LEAVING = {
    "ar": "إلغاء الاشتراك|الغاء الاشتراك|ألغوا اشتراكي|توقفوا عن مراسلتي",
    "bg": "отпиши ме|отпишете ме|отписване|спрете да ми пишете",
    "ca": "dona'm de baixa|doneu-me de baixa|baixa|cancel·lar la subscripció",
    "cs": "odhlásit|odhlaste mě|odhlásit odběr|zrušit odběr|už mi nepište",
    "da": "afmeld|afmelding|afmeld mig|frameld|frameld mig|fjern mig|fjern mig fra listen|stop med at skrive til mig",
    "de": "abmelden|abmeldung|abbestellen|abbestellung|austragen|melden sie mich ab|melde mich ab|meldet mich ab"
    "|mich abmelden|ich möchte mich abmelden|tragen sie mich aus|trag mich aus|tragt mich aus"
    "|nehmen sie mich aus der liste|nehmt mich aus der liste|nehmen sie mich von der liste|nehmt mich von der liste"
    "|streichen sie mich von der liste|keine mails mehr|keine e-mails mehr|keine weiteren e-mails|keine weiteren mails",
    "el": "διαγραφή|διαγράψτε με|κατάργηση εγγραφής|απεγγραφή",
    "en": "unsubscribe|unsubscribe me|unsubscribed|unsub|unsub me|stop|stop emailing me|stop mailing me"
    "|stop writing to me|stop sending me emails|stop sending me these emails|stop these emails|stop the emails"
    "|stop sending these emails|remove me|take me off|take me out|opt out|opt me out|no more emails|no more email"
    "|no more mail|no more mails|i want to unsubscribe|i'd like to unsubscribe|i would like to unsubscribe"
    "|i wish to unsubscribe|don't email me|don't email me again|do not email me|don't send me any more emails",
    "es": "baja|darme de baja|dame de baja|denme de baja|dadme de baja|cancelar suscripción|cancelar la suscripción"
    "|quiero darme de baja|no más correos|no me escriban más",
    "et": "tühista tellimus|eemalda mind|eemaldage mind",
    "fa": "لغو اشتراک|اشتراک مرا لغو کنید",
    "fi": "peru tilaus|peruuta tilaus|poista minut|poistakaa minut|ei enää viestejä",
    "fr": "désabonner|désabonnement|désabonnez-moi|me désabonner|désinscrire|désinscription|désinscrivez-moi"
    "|me désinscrire|je souhaite me désabonner|je veux me désabonner|retirez-moi de la liste"
    "|retirez-moi de cette liste|enlevez-moi de la liste|plus de mails|plus d'e-mails|ne m'écrivez plus",
    "he": "הסר|הסירו אותי|להסיר אותי|ביטול רישום",
    "hr": "odjavi me|odjavite me|odjava|ispiši me",
    "hu": "leiratkozás|leiratkozom|iratkoztassanak le|töröljenek a listáról",
    "id": "berhenti berlangganan|hapus saya|berhenti mengirim email",
    "is": "afskrá|afskrá mig|afskráning|takið mig af listanum",
    "it": "disiscrivimi|disiscrivetemi|disiscrizione|cancellami|cancellatemi|cancellami dalla lista"
    "|cancellatemi dalla lista|annulla iscrizione|toglietemi dalla lista|niente più email|non scrivetemi più",
    "ja": "配信停止|配信停止してください|配信停止をお願いします|配信を停止してください|登録解除|購読解除",
    "ko": "수신거부|수신 거부|구독 취소|구독취소|구독 해지|메일 그만 보내세요",
    "lt": "atsisakyti|išbraukite mane|nebesiųskite",
    "lv": "atrakstīties|izrakstīties|izņemiet mani no saraksta",
    "nl": "afmelden|meld me af|meld mij af|afmelding|uitschrijven|schrijf me uit|schrijf mij uit|uitschrijving"
    "|haal me van de lijst|haal mij van de lijst|haal me van deze lijst|geen mails meer|geen e-mails meer",
    "no": "avmeld|avmeld meg|meld meg av|fjern meg|fjern meg fra listen|avslutt abonnement",
    "pl": "wypisz mnie|mnie wypisać|wypisz|anuluj subskrypcję|nie piszcie więcej",
    "pt": "descadastrar|descadastre-me|me descadastre|cancelar inscrição|cancelar subscrição|cancelar assinatura"
    "|remova-me|me remova|removam-me|retirem-me da lista|tire-me da lista|me tire da lista|sem mais e-mails",
    "ro": "dezabonare|dezabonați-mă|vreau să mă dezabonez|scoateți-mă de pe listă",
    "ru": "отписаться|отпишите меня|отпиши меня|отписка|удалите меня|удалите меня из рассылки"
    "|уберите меня из рассылки|не пишите мне больше|не пишите мне",
    "sk": "odhlásiť|odhláste ma|odhlásiť odber|zrušiť odber|už mi nepíšte",
    "sl": "odjavi me|odjavite me|odjava",
    "sv": "avregistrera|avregistrera mig|avanmäl|avanmäl mig|avprenumerera|ta bort mig|ta bort mig från listan"
    "|sluta mejla mig|inga fler mejl",
    "th": "ยกเลิกการรับข่าวสาร|ยกเลิกการสมัคร|เลิกรับอีเมล",
    "tr": "abonelikten çık|abonelikten çıkmak istiyorum|beni listeden çıkarın|aboneliği iptal et"
    "|aboneliğimi iptal edin",
    "uk": "відписатися|відпишіть мене|відписка|видаліть мене|видаліть мене зі списку|не пишіть мені більше",
    "vi": "hủy đăng ký|ngừng gửi email|bỏ đăng ký",
    "zh": "退订|退訂|取消订阅|取消訂閱|请退订|請退訂|不要再发邮件|不要再發郵件",
}
# What may stand before and behind such a phrase, of all languages.
_BEFORE = "please|pls|plz|hi|hello|hey|kindly|just|bitte|hallo|guten tag"
_BEFORE += (
    "|por favor|hola|s'il vous plaît|bonjour|merci de|per favore|alstublieft|alsjeblieft|proszę|пожалуйста|prosím"
)
_BEFORE += "|vänligen|snälla|venligst|vennligst|lütfen|будь ласка"
_BEHIND = "please|pls|plz|now|thanks|thank you|thanks a lot|many thanks|bitte|danke|vielen dank|por favor|gracias"
_BEHIND += "|obrigado|obrigada|s'il vous plaît|svp|merci|per favore|grazie|alstublieft|alsjeblieft|graag|bedankt|dank u"
_BEHIND += "|proszę|dziękuję|пожалуйста|спасибо|prosím|děkuji|tack|tak|takk|kiitos|lütfen|teşekkürler|будь ласка|дякую"
# Where somebody is taken off, in English, behind one of these words.
_WHERE = [
    f"{word} {noun}"
    for word in ("this", "the", "your", "these")
    for noun in ("ticket", "list", "mailing list", "thread", "conversation", "emails", "mails", "cc")
]
_LINKS = (" from", " of", " off")
_LONGEST = 200
_MOST_COURTESIES = 3
_WORD = re.compile(r"[^\W_]+(?:['·-][^\W_]+)*")
# The apostrophes that phones and word processors write.
_APOSTROPHES = re.compile("[\u2019\u02bc\u00b4`]")


def asks_to_leave(text: str, name: str = "") -> bool:
    """Return whether a whole text asks for no more emails. `name` is its writer's, who may sign with it."""
    if len(text) > _LONGEST or "?" in text:
        return False
    words, names = _words(text), set(_words(name))
    while len(words) > 1 and words[-1] in names:
        words.pop()
    phrase = " ".join(words)
    for _ in range(_MOST_COURTESIES):
        phrase = _without_courtesy(phrase)
    return phrase in _PHRASES or _without_place(phrase) in _PHRASES


def _without_courtesy(text: str) -> str:
    before = next((word for word in _POLITE_BEFORE if text.startswith(f"{word} ")), "")
    behind = next((word for word in _POLITE_BEHIND if text.endswith(f" {word}")), "")
    return text.removeprefix(before).removesuffix(behind).strip()


def _without_place(text: str) -> str:
    """Return a text without where somebody is taken off: `take me off this list`, `unsubscribe me from the list`."""
    place = next((words for words in _WHERE if text.endswith(f" {words}")), "")
    rest = text.removesuffix(place).strip()
    link = next((words for words in _LINKS if place and rest.endswith(words)), "")
    if not link:
        return ""
    return rest if rest in _PHRASES else rest.removesuffix(link)


def _words(text: str) -> list[str]:
    return _WORD.findall(_APOSTROPHES.sub("'", normalize("NFKC", text).casefold()))


def _all(*rows: str) -> frozenset[str]:
    return frozenset(" ".join(_words(phrase)) for row in rows for phrase in row.split("|"))


_PHRASES, _POLITE_BEFORE, _POLITE_BEHIND = _all(*LEAVING.values()), _all(_BEFORE), _all(_BEHIND)
