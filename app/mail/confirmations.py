"""The words that alone in an answer mean yes or no, in the languages whose mail clients are known; and send and drop.

Data only. An answer counts as yes or no if its whole text is one of these, upper and lower case and punctuation aside.
Several forms stand between bars.
"""

import re
from collections.abc import Collection
from unicodedata import normalize

# One row a language of `client_phrases.LANGUAGES`; a test compares the two.
YES = {
    "ar": "نعم|أجل|موافق|تأكيد|أؤكد",
    "bg": "да|добре|потвърждавам",
    "ca": "sí|si|d'acord|confirmo|confirmat",
    "cs": "ano|jo|dobře|potvrzuji|potvrdit",
    "da": "ja|jo|ok tak|bekræft|bekræftet|bekræfter|ja tak",
    "de": "ja|jawohl|ja bitte|bestätigt|bestätige|bestätigen|einverstanden|in ordnung|passt",
    "el": "ναι|εντάξει|επιβεβαιώνω|μάλιστα",
    "en": "yes|y|yeah|yep|yup|ok|okay|confirm|confirmed|i confirm|yes please|yes confirm|yes confirmed|yes i confirm"
    "|sure|correct|approve|approved|go ahead|do it|please do|yes do it|yes go ahead|yes thanks|yes thank you|ok thanks",
    "es": "sí|si|vale|de acuerdo|confirmo|confirmado|confirmar|sí por favor|si por favor|claro",
    "et": "jah|jaa|kinnitan|nõus",
    "fa": "بله|بلی|آره|تأیید|تایید|تایید می کنم",
    "fi": "kyllä|joo|juu|vahvistan|vahvistettu|vahvista|ok kiitos",
    "fr": "oui|d'accord|je confirme|confirmé|confirme|confirmer|oui merci|c'est bon|ok merci",
    "he": "כן|אישור|מאשר|מאשרת|בסדר",
    "hr": "da|u redu|potvrđujem|potvrdi",
    "hu": "igen|rendben|megerősítem|jóváhagyom",
    "id": "ya|iya|setuju|konfirmasi|baik|oke",
    "it": "sì|si|va bene|confermo|confermato|conferma|d'accordo|sì grazie",
    "ja": "はい|了解|了解です|了解しました|承認|確認|確認しました|承知しました|お願いします",
    "ko": "네|예|응|확인|승인|확인합니다|네 확인합니다",
    "lt": "taip|gerai|patvirtinu|sutinku",
    "lv": "jā|labi|apstiprinu|piekrītu",
    "nl": "ja|jawel|akkoord|bevestig|bevestigd|ik bevestig|ja graag|prima|goed",
    "no": "ja|jo|bekreft|bekreftet|bekrefter|ja takk|greit",
    "pl": "tak|dobrze|potwierdzam|zgoda|zgadzam się",
    "pt": "sim|confirmo|confirmado|confirmar|de acordo|está bem|certo|sim por favor",
    "ro": "da|bine|confirm|confirmat|de acord",
    "ru": "да|хорошо|подтверждаю|согласен|согласна|ок|окей",
    "sk": "áno|ano|dobre|potvrdzujem|súhlasím",
    "sl": "da|ja|v redu|potrjujem|potrdi",
    "sv": "ja|jo|javisst|bekräfta|bekräftat|bekräftas|jag bekräftar|ja tack|okej",
    "th": "ใช่|ใช่ครับ|ใช่ค่ะ|ตกลง|ยืนยัน",
    "tr": "evet|tamam|onaylıyorum|onayla|onay",
    "uk": "так|добре|гаразд|підтверджую|згоден|згодна",
    "vi": "có|vâng|đồng ý|xác nhận|được",
    "zh": "是|是的|对|對|好|好的|确认|確認|同意|可以",
}
NO = {
    "ar": "لا|كلا|إلغاء",
    "bg": "не",
    "ca": "no",
    "cs": "ne|nikoli",
    "da": "nej|nej tak",
    "de": "nein|nö|nein danke|nicht von mir|das war ich nicht",
    "el": "όχι|οχι",
    "en": "no|n|nope|no thanks|no thank you|not me|no not me|it wasn't me|it was not me|that wasn't me|cancel|stop"
    "|don't|do not|deny|denied|reject",
    "es": "no|no gracias|no fui yo|cancelar",
    "et": "ei",
    "fa": "نه|خیر",
    "fi": "ei|ei kiitos|en minä",
    "fr": "non|non merci|annuler|ce n'est pas moi|ce n'était pas moi",
    "he": "לא",
    "hr": "ne",
    "hu": "nem",
    "id": "tidak|bukan",
    "it": "no|no grazie|annulla|non sono stato io|non sono io",
    "ja": "いいえ|いや|違います|キャンセル",
    "ko": "아니요|아니오|아니",
    "lt": "ne",
    "lv": "nē",
    "nl": "nee|nee bedankt|niet van mij|dat was ik niet",
    "no": "nei|nei takk|ikke meg",
    "pl": "nie|nie dziękuję|to nie ja",
    "pt": "não|nao|não obrigado|não obrigada|não fui eu|cancelar",
    "ro": "nu|nu mulțumesc",
    "ru": "нет|не я|это не я|отмена",
    "sk": "nie",
    "sl": "ne",
    "sv": "nej|nej tack|inte jag",
    "th": "ไม่|ไม่ใช่|ไม่ครับ|ไม่ค่ะ",
    "tr": "hayır|yok|iptal",
    "uk": "ні|не я|це не я",
    "vi": "không",
    "zh": "不|不是|否|不是我|取消",
}

# These answer a letter that has just named them.
SEND = "send|send it|send this|please send|please send it|yes send|yes send it"
DROP = "drop|drop it|drop this|please drop|please drop it"

_LONGEST = 200
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def is_yes(text: str, name: str = "") -> bool:
    """Return whether a whole text says yes. `name` is its writer's, who may sign with it or a part of it."""
    return _is_one_of(_ALL_YES, text, name)


def is_no(text: str, name: str = "") -> bool:
    """Return whether a whole text says no. `name` is its writer's, who may sign with it or a part of it."""
    return _is_one_of(_ALL_NO, text, name)


def answer(text: str, offers: Collection[str], name: str = "") -> str | None:
    """Return which of the words yes, no, send and drop a whole text says, if a letter `offers` it. `name` as above."""
    return next((word for word in _PHRASES if word in offers and _is_one_of(_PHRASES[word], text, name)), None)


def _is_one_of(phrases: frozenset[str], text: str, name: str) -> bool:
    if len(text) > _LONGEST or "?" in text:
        return False
    words, names = _words(text), set(_words(name))
    while len(words) > 1 and words[-1] in names:
        words.pop()
    return bool(words) and " ".join(words) in phrases


def _words(text: str) -> list[str]:
    return _WORD.findall(_FOLDED.sub("'", normalize("NFKC", text).casefold()))


# The apostrophes that phones and word processors write, and marks that nobody sees.
_FOLDED = re.compile("[\u2019\u02bc\u00b4`]")


def _all(*rows: str) -> frozenset[str]:
    return frozenset(" ".join(_words(phrase)) for row in rows for phrase in row.split("|"))


_ALL_YES, _ALL_NO = _all(*YES.values()), _all(*NO.values())
_PHRASES = {"yes": _ALL_YES, "no": _ALL_NO, "send": _all(SEND), "drop": _all(DROP)}
