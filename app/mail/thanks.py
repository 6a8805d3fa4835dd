"""The words of which a reply consists that only says thanks, in the languages whose mail clients are known.

The tables are data only. A reply counts if each of its words stands here or is a name of somebody on the ticket, and
one of them at least says thanks. Upper and lower case and punctuation do not matter.
"""

from collections.abc import Iterable
from unicodedata import category, normalize

# One row a language of `client_phrases.LANGUAGES`; a test compares the two.
THANKS = {
    "ar": "شكرا شكراً مشكور أشكرك أشكركم تشكر",
    "bg": "благодаря благодарим мерси",
    "ca": "gràcies merci agraït agraïda",
    "cs": "díky děkuji děkuju děkujeme dík",
    "da": "tak takker",
    "de": "danke dank dankeschön merci bedanke",
    "el": "ευχαριστώ ευχαριστούμε",
    "en": "thanks thank thanx thx thankyou ty tysm cheers ta grateful gratefully thankful",
    "es": "gracias agradezco agradecido agradecida",
    "et": "aitäh tänan tänud",
    "fa": "ممنون ممنونم متشکرم مرسی سپاس سپاسگزارم",
    "fi": "kiitos kiitoksia kiitokset kiitti kiitän",
    "fr": "merci remercie remercions",
    "he": "תודה תודות",
    "hr": "hvala zahvaljujem",
    "hu": "köszönöm köszönjük köszi kösz",
    "id": "terimakasih makasih kasih",
    "is": "takk þakka þökkum",
    "it": "grazie ringrazio ringraziamo",
    "ja": "ありがとう ありがとうございます ありがとうございました"
    " 有難うございます 有難うございました 有り難うございます"
    " どうもありがとうございます どうもありがとうございました 感謝します 感謝いたします 助かりました",
    "ko": "감사합니다 감사드립니다 고맙습니다 고마워요 감사해요 감사",
    "lt": "ačiū dėkoju dėkui",
    "lv": "paldies pateicos",
    "nl": "bedankt dank dankjewel dankuwel dankje",
    "no": "takk takker",
    "pl": "dzięki dziękuję dziękujemy dziękuje dzieki dziekuje",
    "pt": "obrigado obrigada obrigados obrigadas agradeço agradecemos valeu",
    "ro": "mulțumesc mulţumesc multumesc mulțumim mersi",
    "ru": "спасибо благодарю благодарим спс",
    "sk": "ďakujem ďakujeme vďaka dakujem",
    "sl": "hvala zahvaljujem",
    "sv": "tack tackar",
    "th": "ขอบคุณ ขอบคุณครับ ขอบคุณค่ะ ขอบคุณมาก ขอบคุณมากครับ ขอบคุณมากค่ะ ขอบใจ",
    "tr": "teşekkürler teşekkür sağol sağolun eyvallah tesekkurler",
    "uk": "дякую дякуємо спасибі",
    "vi": "cảm ơn cám",
    "zh": "谢谢 谢谢你 谢谢您 多谢 感谢 非常感谢 謝謝 謝謝你 謝謝您 多謝 感謝 非常感謝",
}
# Greetings, closings, and the small words of such a reply: none that could ask, deny or add something.
BESIDE = {
    "ar": "جزيلا جزيلاً لك لكم مرحبا كثيرا",
    "bg": "здравейте здравей ви ти много поздрави",
    "ca": "hola moltes a tots tothom salutacions molt bé perfecte",
    "cs": "ahoj dobrý den moc mnohokrát vám ti pozdravem s hezký super",
    "da": "hej kære mange tusind dig jer for hjælpen hilsen venlig super det",
    "de": "hallo hi vielen herzlichen liebe lieber guten tag moin dir euch ihnen ganz sehr schön"
    " für die hilfe schnelle rückmeldung antwort"
    " viele liebe beste freundliche herzliche grüße grüßen gruß mit freundlichen lg vg mfg super prima perfekt toll"
    " alles klar tausend nochmal nochmals schönen tag",
    "el": "γεια σας σου πολύ χαιρετισμούς με καλημέρα",
    "en": "hi hello hey dear ok okay to you all everyone everybody team folks guys so very much many a lot lots million"
    " again both for the your this that help support reply answer response quick fast prompt kind kindly time"
    " assistance patience effort sorting it out and we i am are really appreciate appreciated best kind warm"
    " regards wishes sincerely yours great good perfect excellent awesome wonderful super brilliant lovely"
    " amazing fantastic nice all works work now cheers have day one weekend evening in advance helping being helpful",
    "es": "hola buenos buenas días dias tardes muchas muchísimas mil por la tu su ayuda respuesta rápida a todos"
    " saludos un saludo cordial excelente perfecto genial todo bien",
    "et": "tere väga suur abi eest parimate tervitustega",
    "fa": "سلام خیلی از شما بسیار",
    "fi": "hei moi paljon avusta avustasi terveisin ystävällisin hyvä hienoa",
    "fr": "bonjour bonsoir salut cher chère beaucoup bien pour votre ton aide la réponse rapide à vous toi tous et"
    " mille encore cordialement bien amicalement bonne journée soirée parfait super génial je vous te merci",
    "he": "שלום היי רבה לך לכם על העזרה",
    "hr": "bok pozdrav puno vam ti lijepa lijepo na pomoći",
    "hu": "szia kedves helló szépen nagyon a segítséget üdvözlettel",
    "id": "halo terima banyak atas bantuannya salam",
    "is": "hæ halló sæl sæll kærar þúsund fyrir hjálpina kveðja kveðjur bestu með",
    "it": "ciao buongiorno salve molte mille tante per l la il tuo vostro suo aiuto risposta rapida a tutti saluti"
    " cordiali distinti perfetto ottimo tutto bene",
    "ja": "こんにちは どうも 大変 本当に よろしくお願いします よろしくお願いいたします"
    " 了解しました 承知しました お世話になりました",
    "ko": "안녕하세요 정말 대단히 매우 도와주셔서 네",
    "lt": "sveiki labai už pagalbą pagarbiai",
    "lv": "sveiki liels par palīdzību ar cieņu",
    "nl": "hallo hoi beste dag hartelijk heel erg veel je jullie u wel voor de hulp het snelle antwoord reactie groet"
    " groeten groetjes met vriendelijke vriendelijk fijn top super",
    "no": "hei kjære tusen mange deg dere for hjelpen hilsen vennlig med supert flott",
    "pl": "cześć witam dzień dobry bardzo ślicznie za pomoc szybką odpowiedź pozdrawiam pozdrowienia super",
    "pt": "olá ola oi bom dia boa tarde muito muita muitíssimo pela ajuda resposta rápida a todos cumprimentos abraço"
    " atenciosamente perfeito ótimo tudo bem",
    "ro": "bună salut foarte mult pentru ajutor frumos cu stimă",
    "ru": "привет здравствуйте добрый день большое огромное вам тебе вас за помощь очень с уважением отлично",
    "sk": "ahoj dobrý deň veľmi pekne vám ti za pomoc s pozdravom",
    "sl": "živjo pozdravljeni lepa lepo najlepša za pomoč lep pozdrav",
    "sv": "hej kära tusen så mycket dig er för hjälpen hälsningar vänliga vänlig med toppen bra super",
    "th": "สวัสดี สวัสดีครับ สวัสดีค่ะ มาก มากครับ มากค่ะ ครับ ค่ะ",
    "tr": "merhaba selam çok ederim ederiz yardımınız için saygılar iyi günler",
    "uk": "привіт вітаю добрий день дуже щиро вам за допомогу з повагою",
    "vi": "xin chào bạn rất nhiều các anh chị em",
    "zh": "你好 您好 大家 非常 好的 好 你 您",
}
# Marks that say thanks by themselves.
_SIGNS = "\U0001f64f\U0001f44d\U0001f44c"
_SMILES = (
    "\U0001f600\U0001f603\U0001f604\U0001f60a\U0001f642\U0001f609\U0001f970\u263a\u2764\U0001f389\U0001f338\U0001f490"
)
# They only colour the sign before them.
_DROPPED = dict.fromkeys([0xFE0F, 0x200D, *range(0x1F3FB, 0x1F400)])
_LONGEST = 500


def is_only_thanks(text: str, names: Iterable[str]) -> bool:
    """Return whether a whole text says thanks and nothing else. `names` are those of the people whom it may name."""
    if len(text) > _LONGEST or "?" in text or "\uff1f" in text:
        return False
    said = _words(text)
    if said is None or _SAYS_THANKS.isdisjoint(said):
        return False
    known = {word for name in names for word in _words(name) or ()}
    return all(word in _SAYS_THANKS or word in _SAYS_LITTLE or word in known for word in said)


def _words(text: str) -> list[str] | None:
    """Return the words and signs of a text, folded; None if it has a sign that says something else."""
    folded = []
    for mark in normalize("NFKC", text.translate(_DROPPED)).casefold():
        kind = category(mark)[0]
        if mark in _SIGNS:
            folded.append(f" {mark} ")
        elif kind == "S" and mark not in _SMILES and mark not in _PLAIN_SIGNS:
            return None
        else:
            folded.append(mark if kind in "LMN" else " ")
    return "".join(folded).split()


# They stand in a smile that is typed, and around a signature.
_PLAIN_SIGNS = "<=>^|~+`\u00b4"


def _all(*rows: str) -> frozenset[str]:
    return frozenset(word for row in rows for word in _words(row) or ())


_SAYS_THANKS = _all(*THANKS.values()) | set(_SIGNS)
_SAYS_LITTLE = _all(*BESIDE.values())
