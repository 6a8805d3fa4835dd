"""What its owner's mail program had set apart: spam, what was thrown away, drafts and chats."""

import re
from base64 import b64decode
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import PurePath

from ...mail.body_parts.encoded_words import decoded


class Other(StrEnum):
    """Why something in a box is no mail that anybody would look for in a ticket."""

    NO_FILE = "it is no file"
    OUTSIDE = "it is a link that leads outside"
    NO_TEXT = "it is no text"
    NO_HEADERS = "it does not begin with the headers of a mail; with a name that ends in .eml it would be one"
    FOLDER_DATA = "a mail program keeps its own data in it"
    DELETED = "it was deleted in its mail program (X-Mozilla-Status)"
    SPAM = "its mail program had it as spam"
    TRASH = "it was thrown away in its mail program"
    DRAFT = "it is a draft, which was never sent"
    CHAT = "it is a chat of Gmail's"
    HIDDEN = "another mail may hide in the mail before this line"


# Labels of Gmail's Takeout and folders of Maildirs, as mail programs name them in the language of their owner.
_NAMES = {
    Other.SPAM: "spam|junk|junk e-mail|junk email|junk mail|bulk mail|spamverdacht|correo no deseado|"
    "courrier indésirable|posta indesiderata|ongewenste e-mail|skräppost|søppelpost|roskaposti|спам|垃圾邮件|垃圾郵件|"
    "迷惑メール|스팸함",
    Other.TRASH: "trash|bin|deleted messages|deleted items|papierkorb|gelöschte elemente|gelöschte objekte|corbeille|"
    "éléments supprimés|papelera|cestino|lixeira|lixo|prullenbak|kosz|papperskorg|papperskorgen|papirkurv|roskakori|"
    "koš|корзина|回收站|已删除邮件|垃圾桶|ゴミ箱|휴지통",
    Other.DRAFT: "drafts|draft|entwürfe|brouillons|borradores|bozze|rascunhos|concepten|wersje robocze|utkast|kladder|"
    "luonnokset|koncepty|черновики|草稿|下書き|임시보관함",
    Other.CHAT: "chat|chats",
}
_BY_NAME = {name: about for about, names in _NAMES.items() for name in names.split("|")}
_LABELS = re.compile(rb"^x-gmail-labels:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_LABEL = re.compile(r'\s*+(?:"([^"]*)"|([^,]+))')
# Maildir's flags stand behind ":2,"; where a file's name can have no colon, behind another sign.
_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)\Z")
_UTF_7 = re.compile(r"&([A-Za-z0-9+,]*)-")


def labelled(head: bytes) -> Other | None:
    """Return what Gmail's labels at the top of a mail say."""
    match = _LABELS.search(head)
    labels = decoded(match[1].decode("ascii", "surrogateescape")) if match else ""
    return _first(quoted or plain for quoted, plain in _LABEL.findall(labels))


def kept_apart(place: PurePath, *, in_maildir: bool) -> Other | None:
    """Return what a Maildir's folders and flags say of a file, by its path from where the import began."""
    flags = _FLAGS.search(place.name)
    if flags and "T" in flags[1]:
        return Other.TRASH
    if flags and "D" in flags[1]:
        return Other.DRAFT
    return _first(_folders(place.parts[:-2])) if in_maildir else None


def _folders(parts: Sequence[str]) -> Iterable[str]:
    """The names of folders, also where Maildir++ writes a path as one name (".INBOX.Trash")."""
    for part in parts:
        yield from _UTF_7.sub(_plain, part).split(".")


def _plain(coded: re.Match[str]) -> str:
    """Modified UTF-7 (RFC 3501 5.1.3)."""
    letters = coded[1].replace(",", "/")
    if not letters:
        return "&"
    return b64decode(letters + "=" * (-len(letters) % 4)).decode("utf-16-be", "replace")


def _first(names: Iterable[str]) -> Other | None:
    return next((about for name in names if (about := _BY_NAME.get(name.strip().casefold()))), None)
