"""What answering programs and mail servers write in subjects and texts, in many languages."""

import re
import unicodedata

# Before the subject of the mail that an answering program answers. Outlook, Exchange, Gmail, Notes, GroupWise, Zimbra.
SUBJECTS = {
    "away": """
automatic reply|automatic response|auto ?reply|auto ?response|auto(?=: .{0,80}out of)
out of (?:the )?office(?: (?:auto ?)?reply| message)?
away(?: message)?|vacation(?: reply| message)?|on vacation|autoresponder|i am out of (?:the )?office
automatische antwort|automatische ruckantwort|abwesenheitsnotiz|abwesenheit(?:snachricht|smeldung|sassistent)?
abwesend|nicht im (?:buro|haus)|automatisch generierte antwort|urlaub
reponse automatique|message d absence|notification d absence|absence(?: du bureau)?|absente? du bureau|absente?
respuesta automatica|fuera de (?:la )?oficina|ausente|mensaje de ausencia|ausencia
risposta automatica|fuori (?:sede|ufficio)|assente|messaggio di assenza|assenza
resposta automatica|fora do escritorio|ausencia temporaria|mensagem de ausencia
automatisch antwoord|afwezigheidsbericht|afwezig(?:heid)?|automatische beantwoording|niet aanwezig
autoodpowiedz|odpowiedz automatyczna|automatyczna odpowiedz|poza biurem|nieobecnosc
autosvar|automatiskt svar|franvaro(?:meddelande)?|franvarande|ej pa kontoret
automatisk svar|fravaersmeddelelse|fravær(?:smeddelelse|smelding)?|ikke til stede|automatisk besvarelse
automaattinen vastaus|poissaoloviesti|poissa(?: toimistosta)?
automaticka odpoved|mimo kancelar|nepritomnost
automatikus valasz|hazon kivul
raspuns automat|αυτοματη απαντηση|otomatik (?:yanit|yanıt|cevap)|balasan otomatis|tra loi tu dong|trả lời tự động
автоматическии ответ|автоответ(?:чик)?|вне офиса|отсутствие|автоматична відповідь|автоматичен отговор
תשובה אוטומטית|מענה אוטומטי|رد تلقائي|الرد التلقائي
自动答复|自动回复|自動回覆|自動答覆|自動回復|外出|不在办公室|自動応答|自動返信|不在通知|不在|자동 회신|자동 응답|부재중
""",
    # Of a click: a receipt, an answer to an invitation, a recall.
    "click": """
read|not read|gelesen|ungelesen geloscht|nicht gelesen|lu|non lu|leido|no leido|letto|lida|lido|gelezen|przeczytano
przeczytane|last|olast|lest|luettu|precteno|прочтено|прочитано|已读|已讀|開封済み|read receipt|return receipt displayed
return receipt|disposition notification|lesebestatigung|empfangsbestatigung|accuse de lecture|confirmacion de lectura
accepted|tentative|tentatively accepted|declined|zugesagt|angenommen|mit vorbehalt|abgelehnt|abgesagt|accepte|refuse
provisoire|aceptado|aceptada|rechazado|accettato|rifiutato|aceite|recusado|geaccepteerd|geweigerd|zaakceptowano
odrzucono|accepterat|avbojt|принято|отклонено|已接受|已拒绝|承諾|辞退
recall|message recall(?: report)?|ruckruf|nachricht zuruckrufen|rappel|recuperar|richiamo|intrekken|aterkalla|отзыв
撤回|取り消し
""",
    "bounce": """
undeliver(?:able|ed)(?: mail| message)?|returned mail|return(?:ed)? to sender|delivery (?:status notification|failure)
mail delivery (?:failed|failure|system|error|problem)|failure notice|delivery has failed|unzustellbar|nicht zustellbar
non remis|non remise?|message non distribue|no se puede entregar|no entregado|impossibile recapitare|non recapitabile
nao entregue|onbestelbaar|niet te bezorgen|niedostarczalne|nie mozna dostarczyc|gar inte att leverera
не удается доставить|недоставленное сообщение|无法投递|無法傳遞|配信不能|配信できません
""",
}
TEXTS = {
    "away": """
i am (?:currently )?(?:out of (?:the )?office|away|on (?:leave|vacation|holiday))|i will be out of (?:the )?office
i m (?:currently )?(?:out of (?:the )?office|away|on (?:leave|vacation|holiday))|this is an automat(?:ed|ic)
thank you for your (?:e ?)?mail i am|please do not reply to this|ich bin .{0,40}(?:nicht im|im urlaub|abwesend)
je suis (?:actuellement )?(?:absent|en conge)|estoy (?:fuera|de vacaciones)
estare fuera|sono (?:fuori|assente|in ferie)|estou (?:ausente|fora|de ferias)
ik ben (?:afwezig|niet aanwezig|met vakantie)|jestem (?:na urlopie|nieobecn)|jag ar (?:inte pa|pa semester|franvarande)
меня (?:нет|не будет)|я (?:в отпуске|отсутствую)|nachricht wurde automatisch
reponse est automatique|ce message est automatique|自动回复|休假|休暇|不在
""",
    "recall": """
would like to recall the message|mochte die nachricht.{0,80}zuruckrufen|souhaite rappeler le message
desea recuperar el mensaje|desidera richiamare il messaggio|wil het bericht.{0,80}intrekken|хочет отозвать
""",
    "challenge": """
confirm (?:that )?(?:you|your) (?:are |re |sent |e ?mail|message|mail|delivery)|challenge response|boxtrapper|spamarrest
spam arrest|prove (?:that )?you (?:are|re) (?:a )?(?:human|person)|requires? (?:you|senders?) to (?:confirm|verif)
(?:waiting|held|queued|quarantined?).{0,80}(?:confirm|verif|approv)|verify (?:that )?you (?:are|re)
before your (?:message|mail)|to (?:release|deliver) (?:your|this|the) (?:message|mail)
bestatigen sie.{0,60}(?:nachricht|absender)
""",
}


def folded(text: str) -> str:
    """Return words as the tables have them: without case, accents and punctuation, one blank between them."""
    return " ".join(_PUNCTUATION.sub(" ", _plain(text)).split())


def _plain(text: str) -> str:
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


def _any(table: str) -> str:
    return "|".join(_plain(table).strip().split("\n"))


_PUNCTUATION = re.compile(r"[-‐-―'‘’´`\"“”._,;!?()]")
_SUBJECT = r"\[?(?:{})\]? ?(?::|(?<=\]))"
_STARTS = {name: re.compile(_SUBJECT.format(_any(words))) for name, words in SUBJECTS.items()}
_TEXTS_FOUND = {name: re.compile(_any(words)) for name, words in TEXTS.items()}
# Our letters' tag (docs/interface.md, section 8).
_TAG = re.compile(r"\[[^\[\]]{1,80} #\d{1,10}\]")
_LOOKED_AT = 1_000


def subject_kind(subject: str) -> str | None:
    """Return what a subject begins like, a key of SUBJECTS: a program's words, a colon, and what it answers."""
    start = folded(subject[:_LOOKED_AT])
    return next((name for name, pattern in _STARTS.items() if pattern.match(start)), None)


def names_our_letter(subject: str) -> bool:
    """Return whether a subject has the tag that the subjects of our letters have."""
    return _TAG.search(subject[:_LOOKED_AT]) is not None


def text_kinds(text: str) -> set[str]:
    """Return which of TEXTS the beginning of a text contains."""
    start = folded(text[:_LOOKED_AT])
    return {name for name, pattern in _TEXTS_FOUND.items() if pattern.search(start)}
