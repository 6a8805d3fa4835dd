"""Claims about Authentication-Results: only the front server's own word counts, and only for the domain in From."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mail_tickets.mail.authentication_results import HEADER_LIMIT, HEADERS, AuthenticationVerdict, verdict

MX = "mx.example.org"
ANN = "ann@good.org"
PASS = "mx.example.org; dmarc=pass header.from=good.org"
FAIL = "mx.example.org; dmarc=fail header.from=good.org"


def mail(*results: str) -> bytes:
    headers = "".join(f"Authentication-Results: {result}\n" for result in results)
    return f"{headers}From: {ANN}\nSubject: x\n\nhi\n".encode("utf-8", "surrogateescape")


def says(*results: str, server: str | None = MX, email: str = ANN) -> AuthenticationVerdict:
    return verdict(mail(*results), server, email)


# --- What is a pass ---


@pytest.mark.parametrize(
    "written",
    [
        PASS,
        "mx.example.org 1; dmarc=pass header.from=good.org",
        "MX.Example.ORG; DMARC=Pass Header.From=GOOD.org",
        "mx.example.org;dmarc=pass header.from=good.org.",
        "mx.example.org;\n\tdkim=pass header.d=good.org;\n\tdmarc=pass (p=none dis=none)\n\theader.from=good.org",
        "(front) mx.example.org (version (one)) 1 (; none) ; dmarc=pass (it \\) said) header.from=good.org",
        "mx.example.org; dmarc=pass (don't say \"no) header.from=good.org",
        '"mx.example.org"; dmarc=pass header.from="good.org"',
        "mx.example.org; dmarc=pass action=none header.from=good.org;compauth=pass reason=100",
        'mx.example.org; dmarc/1=pass reason="a;b" header.from=good.org',
        "mx.example.org; dmarc=pass policy.published-domain-policy=none header.from=good.org",
        "mx.example.org; dkim=pass header.d=b.org x-bits=1024; spf=fail smtp.helo=b; dmarc=pass header.from=good.org",
        "mx.example.org; dmarc=pass header.from=good.org; dmarc=pass header.from=good.org",
        "mx.example.org; dmarc=pass (of \udcff) header.from=good.org",
    ],
)
def test_a_pass_for_the_domain_in_from_is_a_pass(written: str) -> None:
    assert says(written) is AuthenticationVerdict.PASS


def test_line_ends_of_every_kind_fold_a_header() -> None:
    folded = mail(f"{MX};\n dmarc=pass\n header.from=good.org")
    assert verdict(folded, MX, ANN) is AuthenticationVerdict.PASS
    assert verdict(folded.replace(b"\n", b"\r\n"), MX, ANN) is AuthenticationVerdict.PASS


@pytest.mark.parametrize("email", ["ann@xn--bcher-kva.example", "ann@bücher.example", "Ann@BÜCHER.example."])
def test_domains_are_compared_as_addresses_are(email: str) -> None:
    assert says(f"{MX}; dmarc=pass header.from=XN--Bcher-kva.example", email=email) is AuthenticationVerdict.PASS


# --- What is a fail ---


@pytest.mark.parametrize(
    "written",
    [
        FAIL,
        "mx.example.org; dmarc=FAIL (p=reject)",
        "mx.example.org; dmarc=fail header.from=evil.org",
        "mx.example.org; dmarc=pass header.from=good.org; dmarc=fail header.from=evil.org",
    ],
)
def test_any_fail_is_a_fail(written: str) -> None:
    assert says(written) is AuthenticationVerdict.FAIL


# --- What proves nothing ---


@pytest.mark.parametrize(
    "result", ["none", "temperror", "permerror", "bestguesspass", "passed", "pass/1", "pass=fail", "policy", "neutral"]
)
def test_every_other_result_is_none(result: str) -> None:
    assert says(f"{MX}; dmarc={result} header.from=good.org") is AuthenticationVerdict.NONE


@pytest.mark.parametrize(
    "written",
    [
        "mx.example.org",
        "mx.example.org; none",
        "mx.example.org 2; dmarc=pass header.from=good.org",
        "mx.example.org; dmarc=pass",
        "mx.example.org; dmarc=pass header.from=",
        "mx.example.org; dmarc=pass header.d=good.org",
        "mx.example.org; dmarc=pass header.from=evil.org",
        "mx.example.org; dmarc=pass header.from=sub.good.org",
        "mx.example.org; dmarc=pass header.from=good.org.evil.org",
        "mx.example.org; dmarc=pass header.from=x@good.org",
        "mx.example.org; dmarc=pass header.from=good(x).org",
        "mx.example(x).org; dmarc=pass header.from=good.org",
        "mx.example.org; dmarc=pass header.from=evil.org header.from=good.org",
        "mx.example.org; dmarc=pass header.from=good.org header.from=evil.org",
        "mx.example.org; dmarc=pass header.from=good.org; dmarc=pass header.from=evil.org",
        "mx.example.org; dmarc=pass header.from=good.org; dmarc=none",
        "mx.example.org; dmarc=pass header.from=good.org; none",
        "mx.example.org; dmarc=pass header.from=good.org (never closed",
        'mx.example.org; dmarc=pass header.from=good.org reason="never closed',
        "mx.example.org; dmarc=pass header.from=good.org) ",
        "mx.example.org; dmarc=pass header.from=good.org(.evil.org",
        "mx.example.org; dmarc=pass header.from=good.org\x00",
        "mx.example.org; dmarc=pass header.from=good.org\udcff",
        "mx.example.org dmarc=pass header.from=good.org",
        "mx.example.org x; dmarc=pass header.from=good.org",
        "mx.example.org; dkim=pass header.d=good.org header.from=good.org",
        # What looks like a result is none in a comment or in quotation marks, nor under another name.
        "mx.example.org; dmarc=pass (comment header.from=good.org) header.from=evil.org",
        "mx.example.org; dmarc=pass (header.from=good.org)",
        "mx.example.org; dkim=none (; dmarc=pass header.from=good.org)",
        "mx.example.org; dkim=none (a \\) ; dmarc=pass header.from=good.org)",
        'mx.example.org; dkim=none (" ) "; dmarc=pass header.from=good.org;',
        'mx.example.org; dkim=pass header.d=evil.org; x-foo="dmarc=pass header.from=good.org"',
        'mx.example.org; spf=pass smtp.mailfrom="x; dmarc=pass header.from=good.org"@evil.org',
        'mx.example.org; spf=pass smtp.mailfrom="\\"; dmarc=pass header.from=good.org; x=\\""@evil.org',
        'mx.example.org; spf=pass reason="; dmarc=pass header.from=good.org" smtp.helo=evil.org',
        "mx.example.org; x-dmarc=pass header.from=good.org",
        "mx.example.org; dmarc.x=pass header.from=good.org",
    ],
)
def test_what_is_no_pass_for_this_very_domain_is_none(written: str) -> None:
    assert says(written) is AuthenticationVerdict.NONE


@pytest.mark.parametrize(
    "email", ["ann", "", "ann@", "ann@evil.org", "good.org", "ann@good.org@evil.org", "ann@x.good.org"]
)
def test_a_pass_for_another_domain_is_none(email: str) -> None:
    assert says(PASS, email=email) is AuthenticationVerdict.NONE
    assert says(f"{MX}; dmarc=pass header.from=", email=email) is AuthenticationVerdict.NONE


def test_comments_within_each_other_are_read_however_deep() -> None:
    deep = f"{MX}; dmarc=pass {'(' * 2000}header.from=evil.org{')' * 2000} header.from=good.org"
    assert says(deep) is AuthenticationVerdict.PASS
    assert says(deep.replace("evil", "good").removesuffix("header.from=good.org")) is AuthenticationVerdict.NONE


def test_a_header_that_is_too_long_is_none() -> None:
    assert says(PASS.ljust(HEADER_LIMIT)) is AuthenticationVerdict.PASS
    assert says(f"{PASS} ({'x' * HEADER_LIMIT})") is AuthenticationVerdict.NONE
    assert says(f"{PASS} ({'x' * HEADER_LIMIT})", PASS) is AuthenticationVerdict.NONE


# --- Whose header it is ---


@pytest.mark.parametrize("server", [None, "", " "])
def test_without_a_front_server_nothing_is_believed(server: str | None) -> None:
    nameless = ["; dmarc=pass header.from=good.org", '""; dmarc=pass header.from=good.org']
    assert [says(header, server=server) for header in (PASS, *nameless)] == [AuthenticationVerdict.NONE] * 3


@pytest.mark.parametrize(
    "name",
    [
        "mx.evil.org",
        "x.mx.example.org",
        "mx.example.org.evil.org",
        "mx.example.org/job",
        "(mx.example.org) mx.evil.org",
        "mx.example.org\udcff",
        "\udcffmx.example.org",
        "=?utf-8?q?mx.example.org?=",
        '"=?utf-8?q?mx.example.org?="',
        "dmarc=pass",
        "",
    ],
)
def test_headers_of_others_prove_nothing_and_are_passed_over(name: str) -> None:
    header = f"{name}; dmarc=pass header.from=good.org"
    assert says(header) is AuthenticationVerdict.NONE
    assert says(header, PASS) is AuthenticationVerdict.PASS
    assert says(header, FAIL) is AuthenticationVerdict.FAIL


def test_the_setting_is_compared_in_any_case() -> None:
    assert says(PASS, server=" MX.example.ORG ") is AuthenticationVerdict.PASS


@pytest.mark.parametrize(
    "name", ["ARC-Authentication-Results", "X-Authentication-Results", "Authentication-Results-Original"]
)
def test_only_the_header_itself_counts(name: str) -> None:
    assert (
        verdict(f"{name}: i=1; {PASS}\n{name}: {PASS}\nFrom: {ANN}\n\nhi\n".encode(), MX, ANN)
        is AuthenticationVerdict.NONE
    )


def test_what_stands_below_the_headers_counts_for_nothing() -> None:
    assert verdict(b"From: ann@good.org\n\n" + mail(PASS), MX, ANN) is AuthenticationVerdict.NONE


def test_a_header_of_any_case_below_other_headers_counts() -> None:
    above = b"Received: from a by b\nX-Spam-Flag: NO\nauthentication-RESULTS: "
    assert verdict(above + PASS.encode() + b"\n\n", MX, ANN) is AuthenticationVerdict.PASS


def test_no_more_than_the_first_headers_are_looked_at() -> None:
    assert says(*["mx.evil.org; none"] * (HEADERS - 1), PASS) is AuthenticationVerdict.PASS
    assert says(*["mx.evil.org; none"] * HEADERS, PASS) is AuthenticationVerdict.NONE


BROKEN = [
    "mx.example.org",
    "mx.example.org; dmarc=pass (never closed",
    'mx.example.org; "',
    "mx.example.org\\; dmarc=",
    '"MX.example.\\org"; \udcff',
    "(a (b) c) mx.example.org 7; none",
    "mx.example.org; dkim=pass header.d=good.org",
]


@pytest.mark.parametrize("topmost", BROKEN)
def test_a_broken_header_of_the_front_server_does_not_make_way_for_the_one_below(topmost: str) -> None:
    assert says(topmost, PASS) is AuthenticationVerdict.NONE


# --- Whatever the bytes ---

PIECES = st.sampled_from(
    [
        *"()\\;= \t\x00.@",
        '"',
        "\n ",
        "\udcff",
        "mx.example.org",
        "dmarc",
        "pass",
        "fail",
        "none",
        "header.from",
        "good.org",
    ]
)
RESULTS = st.lists(PIECES, max_size=30).map("".join)


@given(st.binary(max_size=300), st.text(max_size=10), st.text(max_size=30))
def test_it_never_raises_on_any_bytes(raw: bytes, server: str, email: str) -> None:
    verdict(raw, server, email)
    assert verdict(b"Authentication-Results: mx.example.org; " + raw, MX, email) in AuthenticationVerdict


@given(RESULTS)
@example("; dmarc=pass header.from=good.org(")
def test_it_never_raises_on_what_looks_like_results(written: str) -> None:
    says(written)
    says(f"{MX};{written}")


@given(
    st.sampled_from([PASS, FAIL, f"{MX}; none", *BROKEN]), st.lists(RESULTS | st.just(PASS) | st.just(FAIL), max_size=5)
)
def test_a_forged_header_below_the_topmost_changes_nothing(topmost: str, forged: list[str]) -> None:
    assert says(topmost, *forged) is says(topmost)
    assert says(topmost, *[f"{MX}; {header}" for header in forged]) is says(topmost)


@given(st.lists(st.text('ab ()\\;="\t', max_size=20).filter(lambda name: "mx" not in name), max_size=3))
def test_headers_of_others_above_change_nothing(headers: list[str]) -> None:
    assert says(*headers, PASS) is AuthenticationVerdict.PASS


def test_the_parser_is_loaded_only_for_a_header_of_the_front_server() -> None:
    program = (
        "import sys\nfrom mail_tickets.mail.authentication_results import verdict\n"
        f"verdict({mail('mx.evil.org; none')!r}, {MX!r}, {ANN!r})\nassert 'authres' not in sys.modules\n"
        f"assert verdict({mail(PASS)!r}, {MX!r}, {ANN!r}) == 'pass'\nassert 'authres' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
