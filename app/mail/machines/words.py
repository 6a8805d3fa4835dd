"""What answering programs and mail servers write in subjects and texts, in many languages."""

import re
import unicodedata
from itertools import chain, pairwise
from typing import NamedTuple

from ..lazy_pattern import lazy_pattern

# Before the subject of the mail that an answering program answers. Outlook, Exchange, Gmail, Notes, GroupWise, Zimbra.
SUBJECTS = {
    "away": r"""
automatic reply|automatic response|auto ?reply|auto ?response|auto(?=: .{0,80}out of|: (?:re: ?)?\[)
out of (?:the )?office(?: (?:auto ?)?reply| message)?
away(?: message)?|vacation(?: reply| message)?|on vacation|autoresponder|i am out of (?:the )?office
automatische antwort|automatische ruckantwort|abwesenheitsnotiz|abwesenheit(?:snachricht|smeldung|sassistent)?
abwesend|(?:ich bin )?nicht im (?:buro|haus)|automatisch generierte antwort|urlaub
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
自动答复|自动回复|自動回覆|自動答覆|自動回復|外出|不在办公室|自動応答|自動返信|不在通知|不在応答|不在
자동 회신|자동 응답|부재중
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
i m (?:currently )?(?:out of (?:the )?office|away|on (?:leave|vacation|holiday))
thank you for your (?:e ?)?mail i am|please do not reply to this|ich bin .{0,40}(?:nicht im|im urlaub|abwesend)
je suis (?:actuellement )?(?:absent|en conge)|estoy (?:fuera|de vacaciones)
estare fuera|sono (?:fuori|assente|in ferie)|estou (?:ausente|fora|de ferias)
ik ben (?:afwezig|niet aanwezig|met vakantie)|jestem (?:na urlopie|nieobecn)|jag ar (?:inte pa|pa semester|franvarande)
меня (?:нет|не будет)|я (?:в отпуске|отсутствую)|休假|休暇|不在
""",
    "automatic": """
this is an automat(?:ed|ic)|automat(?:ed|ic) (?:response|reply)|(?:nachricht|antwort) (?:wurde|ist) automatisch
reponse (?:est )?automatique|ce message est automatique|respuesta automatica|mensaje automatico|risposta automatica
mensagem automatica|automatisch(?:e)? (?:bericht|antwoord)|wiadomosc automatyczna|automatiskt svar
автоматическ(?:ий|ии) ответ|письмо создано автоматически|自动回复|自動返信|自動的に
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

# What mail servers write of a letter: that it came to nothing, or that they go on trying.
REPORTS = {
    "delayed": """
delayed|not yet been|will (?:be )?re ?tr(?:y|ied)|still (?:being|trying)|keep trying|could not send .{0,20}for past
warning message only|do not need to resend|verzogert|noch nicht zugestellt|weiter(?:hin)? versuch|retarde
nous (?:re)?essa|pas encore|retrasad|seguira intentando|in ritardo|ritardat|atrasad|vertraagd|opoznion
отложен|задержан|延迟|延遲|遅延|再送|再試行
""",
    "failed": """
user (?:is )?unknown|unknown (?:user|recipient|address)|undeliver|no such (?:user|recipient|mailbox|account|address)
(?:could|can) ?not be (?:delivered|sent)|(?:could not|couldn t|unable to|failed to) deliver|not delivered
mailbox (?:.{0,40}(?:unavailable|not (?:found|exist))|is (?:over)?full)|does ?n[o ]?t exist|returned mail
malformed address|not listed in|delivery .{0,30}fail
(?:message|mail) (?:you sent )?(?:to|for) .{0,99}@.{0,99} (?:was|been) (?:rejected|blocked|refused|returned)
no account|over quota|quota exceeded
konnte .{0,60}nicht (?:zugestellt|gefunden|ausgeliefert)|nicht erreicht|unzustellbar|nicht zustellbar
fehler bei der nachrichtenzustellung|zustellung .{0,40}(?:fehlgeschlagen|gescheitert)|postfach .{0,20}voll
n a pas pu etre|echec de la (?:remise|distribution)|non remis|non distribu|impossible de (?:remettre|distribuer)
no (?:se )?(?:pudo|ha podido|puede) .{0,30}entreg|error de entrega|no entregad|buzon .{0,20}lleno
impossibile (?:recapitare|consegnare)|non e stato possibile|non recapitat|mancata consegna|errore di recapito
nao (?:pode|foi) .{0,30}entreg|falha na entrega|nao entregue|niet (?:worden )?(?:bezorgd|afgeleverd)|onbestelbaar
nie (?:mozna|mogła|udało się) .{0,40}dostarcz|niedostarcz|inte (?:levereras|leverera)|teslim edilemedi|iletilemedi
не (?:может быть|могло быть|было|удалось|удается) .{0,40}достав|недоставлен|ошибка доставки
退信|退回|无法(?:投递|发送|送达)|無法(?:投遞|傳遞|送達)|投递失败|配信できません|配信不能|送信できません|お届けできません|宛先不明
전달할 수 없|배달하지 못|전송 실패
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
_REPORTED = {name: lazy_pattern(_any(table)) for name, table in REPORTS.items()}
# Our letters' tag (docs/interface.md, section 8), and what clients and gateways put before it.
_TAG = r"\[[^\[\]]{1,80} #\d{1,10}\]"
_REPLY = r"(?:re|aw|antw|sv|vs|odp|ynt|rif|res|rv|tr|wg|fwd?|回复|答复|回覆|答覆) ?: ?"
_GATEWAY = r"(?:\[[^\[\]]{1,30}\]|ext(?:ern(?:al|e)?)?:) ?"
_SUBJECT = rf"(?:{_GATEWAY}){{0,2}}?\[?(?:{{}})\]? ?(?::|(?<=\])|(?={_REPLY})|(?={_TAG}))"
_STARTS = {name: lazy_pattern(_SUBJECT.replace("{}", _any(table))) for name, table in SUBJECTS.items()}
# People write the words of a click, too, but not right before our tag.
_BEFORE_TAG = {"click": rf" ?(?:{_REPLY}|{_GATEWAY}){{0,4}}"}
_ANSWERED = {name: lazy_pattern(_BEFORE_TAG.get(name, ".*?") + _TAG) for name in SUBJECTS}
_TEXTS_FOUND = {name: lazy_pattern(_any(table)) for name, table in TEXTS.items()}
_LOOKED_AT = 1_000
_MOST_LINES = 300


class SubjectStart(NamedTuple):
    """What a subject begins like, a key of SUBJECTS, and whether it stands before the tag of our letters."""

    kind: str
    before_our_tag: bool


def subject_start(subject: str) -> SubjectStart | None:
    """Return how a program's subject begins: its words, a colon, and what it answers. None for a person's."""
    start = folded(subject[:_LOOKED_AT])
    for kind, pattern in _STARTS.items():
        if begun := pattern.match(start):
            return SubjectStart(kind, _ANSWERED[kind].match(start, begun.end()) is not None)
    return None


def text_kinds(text: str) -> set[str]:
    """Return which of TEXTS the beginning of a text contains."""
    start = folded(text[:_LOOKED_AT])
    return {name for name, pattern in _TEXTS_FOUND.items() if pattern.search(start)}


def report_line(text: str, kind: str) -> str | None:
    """Return the line of a report that says so, `kind` being a key of REPORTS; it may be broken in two."""
    lines = [line for line in text.split("\n")[:_MOST_LINES] if line.strip()]
    pairs = (f"{line} {following}" for line, following in pairwise(lines))
    return next((text for text in chain(lines, pairs) if _REPORTED[kind].search(folded(text[:_LOOKED_AT]))), None)
