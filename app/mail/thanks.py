"""The words of which a reply consists that only says thanks, in the languages whose mail clients are known.

The tables are data only. A reply counts if each of its words stands here or is a name of somebody on the ticket, and
one of them at least says thanks, or that all is well. Upper and lower case and punctuation do not matter.
"""

from collections.abc import Iterable
from unicodedata import category, normalize

# One row a language of `client_phrases.LANGUAGES`; a test compares the two.
THANKS = {
    "ar": "شكرا شكراً مشكور أشكرك أشكركم تشكر تسلم",
    "bg": "благодаря благодарим мерси",
    "ca": "gràcies merci agraït agraïda",
    "cs": "díky děkuji děkuju děkujeme dík diky dekuji dekuju",
    "da": "tak takker",
    "de": "danke dank dankeschön merci bedanke dankend",
    "el": "ευχαριστώ ευχαριστούμε ευχαριστω",
    "en": "thanks thank thanx thx thankyou ty tysm cheers ta grateful gratefully thankful thks tnx tks thxs thankyouu",
    "es": "gracias agradezco agradecido agradecida grax",
    "et": "aitäh tänan tänud aitah tanan",
    "fa": "ممنون ممنونم متشکرم مرسی سپاس سپاسگزارم تشکر",
    "fi": "kiitos kiitoksia kiitokset kiitti kiitän",
    "fr": "merci remercie remercions merciii",
    "he": "תודה תודות",
    "hr": "hvala zahvaljujem",
    "hu": "köszönöm köszönjük köszi kösz koszonom koszi",
    "id": "terimakasih makasih kasih",
    "is": "takk þakka þökkum",
    "it": "grazie ringrazio ringraziamo",
    "ja": "ありがとう ありがとうございます ありがとうございました"
    " 有難うございます 有難うございました 有り難うございます"
    " どうもありがとうございます どうもありがとうございました 感謝します 感謝いたします 助かりました ありがと 感謝",
    "ko": "감사합니다 감사드립니다 고맙습니다 고마워요 감사해요 감사 고마워 땡큐",
    "lt": "ačiū dėkoju dėkui aciu",
    "lv": "paldies pateicos",
    "nl": "bedankt dank dankjewel dankuwel dankje dankjullie",
    "no": "takk takker",
    "pl": "dzięki dziękuję dziękujemy dziękuje dzieki dziekuje dziękówka dzieki",
    "pt": "obrigado obrigada obrigados obrigadas agradeço agradecemos valeu obg brigado brigada grato grata gratos",
    "ro": "mulțumesc mulţumesc multumesc mulțumim mersi",
    "ru": "спасибо благодарю благодарим спс спасибки благодарен благодарна признателен признательна",
    "sk": "ďakujem ďakujeme vďaka dakujem",
    "sl": "hvala zahvaljujem",
    "sv": "tack tackar",
    "th": "ขอบคุณ ขอบคุณครับ ขอบคุณค่ะ ขอบคุณมาก ขอบคุณมากครับ ขอบคุณมากค่ะ ขอบใจ ขอบพระคุณ ขอบพระคุณครับ ขอบพระคุณค่ะ",
    "tr": "teşekkürler teşekkür sağol sağolun eyvallah tesekkurler sagol tesekkur",
    "uk": "дякую дякуємо спасибі вдячний вдячна вдячні",
    "vi": "cảm ơn cám",
    "zh": "谢谢 谢谢你 谢谢您 多谢 感谢 非常感谢 謝謝 謝謝你 謝謝您 多謝 感謝 非常感謝 感恩 谢啦 谢了 謝啦 謝了",
}
# What says that all is well and nothing else: alone, too, it is an answer to a ticket that is over.
PRAISE = {
    "ar": "ممتاز رائع",
    "bg": "перфектно супер чудесно",
    "ca": "perfecte genial fantàstic",
    "cs": "super skvělé perfektní výborně",
    "da": "perfekt super fantastisk",
    "de": "perfekt super prima klasse spitze wunderbar hervorragend",
    "el": "τέλεια υπέροχα",
    "en": "perfect excellent awesome wonderful brilliant fantastic amazing",
    "es": "perfecto genial excelente estupendo fantástico",
    "et": "suurepärane ideaalne",
    "fa": "عالی",
    "fi": "mahtavaa loistavaa täydellistä",
    "fr": "parfait super génial excellent formidable",
    "he": "מעולה מושלם",
    "hr": "savršeno odlično super",
    "hu": "tökéletes szuper kiváló",
    "id": "sempurna mantap",
    "is": "frábært fullkomið",
    "it": "perfetto ottimo eccellente fantastico",
    "ja": "完璧です 素晴らしいです",
    "ko": "완벽합니다 완벽해요 최고예요",
    "lt": "puiku tobula",
    "lv": "lieliski",
    "nl": "perfect super geweldig uitstekend fantastisch",
    "no": "perfekt supert fantastisk",
    "pl": "super świetnie doskonale idealnie",
    "pt": "perfeito excelente ótimo maravilha fantástico",
    "ro": "perfect excelent minunat",
    "ru": "отлично супер прекрасно замечательно",
    "sk": "super skvelé výborne perfektné",
    "sl": "super odlično popolno",
    "sv": "perfekt toppen utmärkt fantastiskt",
    "th": "เยี่ยมมาก ยอดเยี่ยม",
    "tr": "mükemmel harika süper",
    "uk": "чудово відмінно супер",
    "vi": "tuyệt",
    "zh": "太好了 很好 完美",
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
    " alles klar tausend nochmal nochmals schönen tag deine deinen euren eure ihre ihren unterstützung"
    " bemühungen mühe im voraus das ist wirklich bis bald sonnige allerbeste und",
    "el": "γεια σας σου πολύ χαιρετισμούς με καλημέρα",
    "en": "hi hello hey dear ok okay to you all everyone everybody team folks guys so very much many a lot lots million"
    " again both for the your this that help support reply answer response quick fast prompt quickly kind kindly time"
    " assistance patience effort sorting it out and we i am are really appreciate appreciated best kind warm"
    " regards wishes sincerely yours great good perfect excellent awesome wonderful super brilliant lovely"
    " amazing fantastic nice all works work now cheers have day one weekend evening in advance helping being"
    " helpful my our us me sir madam mr mrs ms taking looking into getting back sharing explaining explanation"
    " info information update letting know once",
    "es": "hola buenos buenas días dias tardes muchas muchísimas mil por la tu su ayuda respuesta rápida a todos"
    " saludos un saludo cordial excelente perfecto genial todo bien por atención tiempo antemano de vuestra",
    "et": "tere väga suur abi eest parimate tervitustega",
    "fa": "سلام خیلی از شما بسیار",
    "fi": "hei moi paljon avusta avustasi terveisin ystävällisin hyvä hienoa",
    "fr": "bonjour bonsoir salut cher chère beaucoup bien pour votre ton aide la réponse rapide à vous toi tous et"
    " mille encore cordialement bien amicalement bonne journée soirée parfait super génial je vous te merci de"
    " les infos retour votre aimable d'avance avance",
    "he": "שלום היי רבה לך לכם על העזרה",
    "hr": "bok pozdrav puno vam ti lijepa lijepo na pomoći",
    "hu": "szia kedves helló szépen nagyon a segítséget üdvözlettel",
    "id": "halo terima banyak atas bantuannya salam",
    "is": "hæ halló sæl sæll kærar þúsund fyrir hjálpina kveðja kveðjur bestu með",
    "it": "ciao buongiorno salve molte mille tante per l la il tuo vostro suo aiuto risposta rapida a tutti saluti"
    " cordiali distinti perfetto ottimo tutto bene supporto gentile gentilissimi in anticipo",
    "ja": "こんにちは どうも 大変 本当に よろしくお願いします よろしくお願いいたします"
    " 了解しました 承知しました お世話になりました",
    "ko": "안녕하세요 정말 대단히 매우 도와주셔서 네",
    "lt": "sveiki labai už pagalbą pagarbiai",
    "lv": "sveiki liels par palīdzību ar cieņu",
    "nl": "hallo hoi beste dag hartelijk heel erg veel je jullie u wel voor de hulp het snelle antwoord reactie groet"
    " groeten groetjes met vriendelijke vriendelijk fijn top super jullie hulp moeite alvast",
    "no": "hei kjære tusen mange deg dere for hjelpen hilsen vennlig med supert flott",
    "pl": "cześć witam dzień dobry bardzo ślicznie za pomoc szybką odpowiedź pozdrawiam pozdrowienia super wsparcie"
    " serdecznie wielkie",
    "pt": "olá ola oi bom dia boa tarde muito muita muitíssimo pela ajuda resposta rápida a todos cumprimentos abraço"
    " atenciosamente perfeito ótimo tudo bem pelo apoio atenção desde já",
    "ro": "bună salut foarte mult pentru ajutor frumos cu stimă",
    "ru": "привет здравствуйте добрый день большое огромное вам тебе вас за помощь очень с уважением отлично"
    " поддержку ответ быстрый заранее",
    "sk": "ahoj dobrý deň veľmi pekne vám ti za pomoc s pozdravom",
    "sl": "živjo pozdravljeni lepa lepo najlepša za pomoč lep pozdrav",
    "sv": "hej kära tusen så mycket dig er för hjälpen hälsningar vänliga vänlig med toppen bra super på förhand",
    "th": "สวัสดี สวัสดีครับ สวัสดีค่ะ มาก มากครับ มากค่ะ ครับ ค่ะ",
    "tr": "merhaba selam çok ederim ederiz yardımınız için saygılar iyi günler için",
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
    """Return whether a whole text says thanks and nothing else. `names` are those of the people whom it may name.

    What it quotes are no words of its writer's.
    """
    text = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(">"))
    if len(text) > _LONGEST or "?" in text or "\uff1f" in text:
        return False
    words = _words(text)
    if words is None or _SAYS_THANKS.isdisjoint(words):
        return False
    known = {word for name in names for word in _words(name) or ()}
    return all(word in _SAYS_THANKS or word in _SAYS_LITTLE or word in known for word in words)


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


_SAYS_THANKS = _all(*THANKS.values(), *PRAISE.values()) | set(_SIGNS)
_SAYS_LITTLE = _all(*BESIDE.values())
