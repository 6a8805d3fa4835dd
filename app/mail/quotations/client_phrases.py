"""The words by which mail clients, language by language, mark what somebody else wrote.

The words stand in `client_phrases.toml`; `phrase_tables.py` and `attribution_words.py` use them. Alternatives stand
between bars; upper and lower case are the same.
"""

import tomllib
from pathlib import Path
from typing import NamedTuple


class ClientPhrases(NamedTuple):
    """What the mail clients of one language write.

    `on` begins the line above a quotation ("On <date>, <name> wrote:"), `wrote` is its verb, the word that matters of
    several. `sender`, `date`, `to`, `copy` and `subject` name the header lines that Outlook and others put there.
    `original` stands between dashes above a letter that is answered, `forwarded` above one that is passed on, and
    `forward` begins its subject. `device` is what phones and programs add below: how the
    line begins and, after "…", how it ends.
    """

    on: str = ""
    wrote: str = ""
    sender: str = ""
    date: str = ""
    to: str = ""
    copy: str = ""
    subject: str = ""
    original: str = ""
    forwarded: str = ""
    forward: str = ""
    device: str = ""


def _languages() -> dict[str, ClientPhrases]:
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {
        code: ClientPhrases(**{name: _barred(phrase) for name, phrase in table.items()})
        for code, table in tables.items()
    }


def _barred(phrase: str) -> str:
    return phrase.strip().replace("\n", "|")


LANGUAGES = _languages()

# What such a line names, somewhere: without it people may have written it.
DEVICES = (
    "phon|ipad|ipod|blackberry|android|galaxy|samsung|huawei|xiaomi|redmi|oneplus|"
    "nokia|motorola|xperia|nexus|mobile|mobil|móvil|handheld|tablet|outlook|yahoo|gmail|"
    "gmx|web.de|t-online|mail.ru|windows|mail app|mail-app|aol mail|proton|tutanota|"
    "mailspring|airmail|thunderbird|superhuman|k-9 mail|fairemail|aquamail|bluemail|"
    "blue mail|polymail|mailbird|mailbox|device|alcatel|htc |em client|zoho|hotmail|mymail|fastmail|spark|"
    "newton mail|typeapp|canary mail|edison mail|wireless|verizon|vodafone|avast|apple watch|"
    "айфон|яндекс|yandex|почт|телефон|смартфон|手机|手機|携帯|スマートフォン|휴대폰|telefon|handy|"
    "celular|cellulare|téléphone|telefoon|puhelin|网易|qq邮箱|foxmail|macbook|virus"
)

# How lines begin that mail servers put above what comes from outside.
BANNERS = (
    "caution: external|caution: this|caution : external|caution external|external email|external sender|external mail|"
    "external message|warning: external|warning: this|this email originated from outside|"
    "this message originated from outside|"
    "this mail originated from outside|this email was sent from outside|this message was sent from outside|"
    "this message came from outside|this email is from an external|you don't often get email from|"
    "you don’t often get email from|some people who received this message don't often get|achtung: externe|"
    "achtung: diese e-mail|externe e-mail|attention: courriel externe|courriel externe|expéditeur externe|"
    "correo externo|remitente externo|let op: externe|extern:|external:|externer absender|externe nachricht|"
    "vorsicht: externe|vorsicht: diese|warnung: externe|diese e-mail stammt von außerhalb|diese nachricht stammt von "
    "außerhalb|this sender is external|email from outside|this sender might be|ce message provient de l'extérieur|"
    "ce message provient de l’extérieur|attention : ce message|mail externe|email externe|questa e-mail proviene|"
    "messaggio esterno|mittente esterno|e-mail externo|externe afzender|deze e-mail komt van buiten|"
    "uwaga: wiadomość zewnętrzna|wiadomość zewnętrzna|внимание: внешн|внешнее письмо|external sender"
)

# Further header lines of such a block, in any language.
OTHER_HEADERS = (
    "Reply-To|Reply To|Importance|Priority|Attachments|Attachment|Organization|"
    "Newsgroups|Sensitivity|Mailing list|Antwort an|Wichtigkeit|Priorität|Anlagen|Anhang|"
    "Anhänge|Organisation|Répondre à|Importance|Pièces jointes|Pièce jointe|Importancia|"
    "Prioridad|Datos adjuntos|Responder a|Prioridade|Anexos|Anexo|Allegati|Rispondi a|"
    "Priorità|Antwoord aan|Urgentie|Bijlagen|Bijlage|Ważność|Załączniki|Důležitost|"
    "Přílohy|Prioritet|Bilagor|Vedhæftede filer|Vedlegg|Liitteet|Важность|Вложения|"
    "Важливість|Вкладення|Ek|Ekler|Önem|Συνημμένα|Fontosság|Mellékletek|重要度|添付ファイル|重要性|"
    "附件|附檔|중요도|첨부 파일|첨부파일|回复|答复|返信先|When|Where|Wo|Wann|Quand|Où"
)

# Header lines that no client repeats to its reader: with them it is a mail that somebody shows, bytes and all.
RAW_HEADERS = (
    "Message-ID|Received|Return-Path|MIME-Version|Content-Type|Delivered-To|DKIM-Signature|Content-Transfer-Encoding"
)
