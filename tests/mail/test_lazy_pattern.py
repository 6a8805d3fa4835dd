"""Claims about patterns that are compiled when they are first used."""

import re

import pytest

from mail_tickets.mail.lazy_pattern import lazy_pattern


def test_a_pattern_finds_what_a_compiled_one_finds() -> None:
    late, at_once = lazy_pattern(r"a(b*)", re.IGNORECASE), re.compile(r"a(b*)", re.IGNORECASE)
    for _ in range(2):
        assert late.findall("abb AB") == at_once.findall("abb AB")
        assert [match.span() for match in late.finditer("abb AB")] == [(0, 3), (4, 6)]
        assert late.sub("-", "abb AB") == at_once.sub("-", "abb AB")
    assert late.groups == at_once.groups
    assert late.pattern == at_once.pattern


def test_a_pattern_is_compiled_at_its_first_search_and_no_earlier() -> None:
    broken = lazy_pattern("(")
    with pytest.raises(re.error):
        broken.search("a")
