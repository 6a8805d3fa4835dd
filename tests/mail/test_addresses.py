import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_tickets.mail.addresses import Mailbox, address_key, is_usable, mailboxes, split

READ = {
    "a name and an address": ("Jane Doe <jane@example.org>", [("Jane Doe", "jane@example.org")]),
    "an address alone": ("jane@example.org", [("", "jane@example.org")]),
    "a name which looks like an address": (
        "alice@example.org <bob@example.net>",
        [("alice@example.org", "bob@example.net")],
    ),
    "the same in quotes": ('"alice@example.org" <bob@example.net>', [("alice@example.org", "bob@example.net")]),
    "a comma in a name, no quotes": ("Doe, Jane <jane@example.org>", [("Doe, Jane", "jane@example.org")]),
    "a comma in a name, quotes": (
        '"Doe, Jane" <jane@example.org>, bob@example.net',
        [("Doe, Jane", "jane@example.org"), ("", "bob@example.net")],
    ),
    "an at-sign in a name": ("Jane @ Work <jane@example.org>", [("Jane @ Work", "jane@example.org")]),
    "a nested comment as name": ("jane@example.org (Jane (the) Doe)", [("Jane the Doe", "jane@example.org")]),
    "a group": ("Friends: a@x.org, B <b@y.org>;, c@z.org", [("", "a@x.org"), ("B", "b@y.org"), ("", "c@z.org")]),
    "an empty group": ("undisclosed-recipients:;", []),
    "a colon that is no group": ("Re: Foo <foo@example.org>", [("Re: Foo", "foo@example.org")]),
    "semicolons as commas": ("a@x.org; b@y.org", [("", "a@x.org"), ("", "b@y.org")]),
    "a quote never closed": ('"Jane <jane@example.org>', [("Jane", "jane@example.org")]),
    "a comment never closed": ("Jane (Sales <jane@example.org>", [("Jane Sales", "jane@example.org")]),
    "a bracket never closed": ("Jane <jane@example.org", [("Jane", "jane@example.org")]),
    "an encoded name": ("=?utf-8?Q?D=C3=B6e,_J?= <d@example.org>", [("Döe, J", "d@example.org")]),
    "an encoded name that would forge": (
        "=?utf-8?q?a=40x=2Eorg=3E=2C?= <d@example.org>",
        [("a@x.org>,", "d@example.org")],
    ),
    "raw 8-bit, UTF-8": ("D\udcc3\udcb6e <d@example.org>", [("Döe", "d@example.org")]),
    "raw 8-bit, Latin-1": ("D\udcf6e <d@example.org>", [("Döe", "d@example.org")]),
    "a source route": ("<@relay.org,@other.org:jane@example.org>", [("", "jane@example.org")]),
    "a domain literal": ("jane@[127.0.0.1], <joe@[IPv6:::1]>", [("", "jane@[127.0.0.1]"), ("", "joe@[IPv6:::1]")]),
    "spaces about the at-sign": ("jane @ example.org", [("", "jane@example.org")]),
    "two addresses in brackets": ("<a@x.org> <b@y.org>", [("", "a@x.org"), ("", "b@y.org")]),
    "two addresses without a comma": ("a@x.org b@y.org", [("", "a@x.org"), ("", "b@y.org")]),
    "single quotes": ("'jane@example.org'", [("", "jane@example.org")]),
    "a line break in a name": ('"Jane\r\n Doe\x07" <jane@example.org>', [("Jane Doe", "jane@example.org")]),
    "no address": ("Jane", []),
    "a broken address": ("a@@example.org, <a@b@c>, <>", []),
    "nothing": ("", []),
}
HOSTILE = [
    '"',
    ",",
    "(",
    ")",
    "<",
    '"\\',
    "a@b,",
    '<"',
    "=?",
    "=?a?b?",
    " ",
    "@",
    " @",
    "a@b ",
    '"a@b" ',
    "[",
    "(a",
    "<a@b>",
    ":;",
]


@pytest.mark.parametrize(("header", "expected"), READ.values(), ids=READ)
def test_an_address_header_is_read_as_its_writer_meant_it(header: str, expected: list[tuple[str, str]]) -> None:
    assert mailboxes(header) == [Mailbox(*fields) for fields in expected]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_header_is_read_to_its_limit(piece: str) -> None:
    assert len(mailboxes(piece * (60_000 // len(piece)))) <= 200


def test_no_more_mailboxes_come_than_were_asked_for() -> None:
    assert len(mailboxes("a@x.org, " * 50, limit=7)) == 7


@given(st.text())
def test_any_header_gives_usable_addresses_and_names_on_one_line(header: str) -> None:
    for name, email in mailboxes(header):
        assert is_usable(email)
        assert name.isprintable() or "\n" not in name


@given(st.text(st.sampled_from('ab@.,;:<>()"\\ []=?q\n\t\udcc3é'), max_size=60))
def test_any_soup_of_marks_is_read_without_an_error(header: str) -> None:
    assert all(is_usable(email) for _, email in mailboxes(header))


@pytest.mark.parametrize(
    "email",
    ["jane@example.org", "a..b@docomo.ne.jp", "root@localhost", "jörg@müller.example", '"a b"@x.org'.replace(" ", "."),
     "x@[127.0.0.1]", "x@[IPv6:::1]", "o'neil+tag@example.org", "x@example.org.", "x" * 64 + "@y.org"],
)  # fmt: skip
def test_an_address_that_servers_take_is_usable(email: str) -> None:
    assert is_usable(email)


@pytest.mark.parametrize(
    "email",
    ["", "jane", "@", "jane@", "@example.org", "a@b@c", "a b@c", "a@b c", "a@.b", "a@b..c", "<a@b>", "a,b@c", "a@b\n",
     "a\0@b", "a@b\udcff", "a\u202e@b", "x" * 65 + "@y.org", "ü" * 33 + "@y.org", "a@" + "b" * 256, "a@[b", "a(b)@c"],
)  # fmt: skip
def test_an_address_that_would_break_a_header_or_a_server_is_not(email: str) -> None:
    assert not is_usable(email)


@pytest.mark.parametrize(
    ("spelling", "other_spelling"),
    [
        ("Jane@Example.ORG", "jane@example.org"),
        ("jane@example.org.", "jane@example.org"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jane@BÜCHER.example", "jane@xn--bcher-kva.EXAMPLE"),
        ("jo\u0308rg@example.org", "jörg@example.org"),
    ],
)
def test_two_spellings_of_one_address_have_one_key(spelling: str, other_spelling: str) -> None:
    assert address_key(spelling) == address_key(other_spelling)


def test_a_domain_that_has_no_ascii_form_is_compared_in_lower_case() -> None:
    assert address_key(f"a@{'Ü' * 70}.example") == f"a@{'ü' * 70}.example"


@given(st.text(max_size=60))
def test_the_key_of_a_key_is_itself(email: str) -> None:
    assert address_key(address_key(email)) == address_key(email)


def test_an_address_is_parted_at_its_last_at_sign() -> None:
    assert split('"a@b"@c') == ('"a@b"', "c")
    assert split("nobody") == ("nobody", "")


@pytest.mark.parametrize("header", ["Ann <ann@shop.example.>", "ann@shop.example. (Ann)"])
def test_a_last_dot_is_no_part_of_an_address(header: str) -> None:
    assert [mailbox.email for mailbox in mailboxes(header)] == ["ann@shop.example"]
