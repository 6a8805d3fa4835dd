"""Claims about replies that only say thanks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_tickets.mail.quotations.client_phrases import LANGUAGES
from mail_tickets.mail.thanks import BESIDE, PRAISE, THANKS, is_only_thanks

NAMES = ("Ann Lee", "Sam Person", "Żaneta O'Neill")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_of_mail_clients_has_its_thanks(language: str) -> None:
    for word in (*THANKS[language].split(), *PRAISE[language].split()):
        assert is_only_thanks(word, ())
        assert is_only_thanks(f"{word.upper()}!!\n\nAnn", NAMES)
        assert not is_only_thanks(f"{word}?", ())
        for little in BESIDE[language].split():
            assert is_only_thanks(f"{little}, {word}.", ()), little


def test_the_tables_have_a_row_a_language() -> None:
    assert set(THANKS) == set(PRAISE) == set(BESIDE) == set(LANGUAGES)
    little = {word for row in BESIDE.values() for word in row.split()}
    assert not little & {
        "no",
        "not",
        "but",
        "nicht",
        "kein",
        "keine",
        "aber",
        "pas",
        "mais",
        "ne",
        "nie",
        "não",
        "non",
        "не",
        "но",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Thanks to you all!",
        "OK, thanks",
        "thank you",
        "THANK YOU SO MUCH!!!",
        "Hi Sam,\n\nthanks a lot.\n\nBest regards\nAnn Lee",
        "Thx :-)",
        "Cheers, Ann",
        "Thank you very much for your help!",
        "Great, thanks 👍🏽",
        "🙏",
        "👍",
        "Thanks ❤️",
        "Perfect, thank you Żaneta!",
        "Thanks Żaneta O’Neill",
        "Vielen Dank für die schnelle Antwort!\n\nLiebe Grüße\nAnn",
        "Merci beaucoup et bonne journée !",
        "¡Muchas gracias!",
        "Obrigada pela ajuda",
        "ありがとうございました。",
        "谢谢！",
        "ขอบคุณมากครับ",
        "شكرا جزيلا",
        "Спасибо большое",
        "Dziękuję bardzo",
        "Cảm ơn bạn rất nhiều",
        "Köszönöm szépen a segítséget",
        "Thank\u00a0you",
        "Perfect!",
        "Perfekt.\n\nAnn Lee",
        "Thanks for getting back to me so quickly",
        "Vielen Dank für Ihre Unterstützung",
        "Thanks Sam!\n\n> Something that somebody wrote.\n> And more, http://x.example?",
        "> We mended it.\nThanks!",
    ],
)
def test_this_only_says_thanks(text: str) -> None:
    assert is_only_thanks(text, NAMES), text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hi Sam",
        "Ann",
        "Best regards\nAnn",
        "Great",
        "All good",
        "Perfect, but it is still broken",
        "> Thanks",
        "> We mended it.\nThanks, but you did not.",
        "Thanks, but it is still broken",
        "No thanks",
        "Thanks for nothing",
        "Thank you. When do you open?",
        "Thanks?",
        "Thanks, see https://example.org",
        "Thanks www.example.org",
        "Thanks 2",
        "Thanks Bob",
        "Thanks, I will call you",
        "thanks ann@example.org",
        "Thanks 😡",
        "Thanks 💩",
        "Danke, aber es geht nicht",
        "Merci, mais non",
        "Thanks $",
        "Thank you " * 100,
        "It works",
        "not thanks",
        "Спасибо, но нет",
    ],
)
def test_this_says_something_else(text: str) -> None:
    assert not is_only_thanks(text, NAMES), text


@given(text=st.text(), names=st.lists(st.text(), max_size=3))
def test_any_text_only_says_thanks_or_does_not(text: str, names: list[str]) -> None:
    assert is_only_thanks(text, names) in (True, False)
