"""What Postfix is told, so that mail reaches the tracker: lines for its main.cf."""

from collections.abc import Iterator, Sequence

from ...config.parsing import Listen, Settings

_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def postfix_lines(settings: Settings, aliases: Sequence[tuple[str, str]]) -> str:
    """Return lines for main.cf; `aliases` are pairs of an address at another domain and ours that stands for it."""
    return "".join(f"{line}\n" for line in _lines(settings, aliases))


def _lines(settings: Settings, aliases: Sequence[tuple[str, str]]) -> Iterator[str]:
    domain = settings.domain
    yield "# /etc/postfix/main.cf. Where a name stands there already, add to its value; then: postfix reload"
    yield f"relay_domains = {domain}"
    yield f"transport_maps = inline:{{ {domain}={_transport(settings.listen[0])} }}"
    yield f"message_size_limit = {settings.max_message_bytes}"
    yield "smtputf8_enable = yes"
    if settings.unmatched == "reject":
        yield f"smtpd_recipient_restrictions = check_recipient_access inline:{{ {domain}=reject_unverified_recipient }}"
        yield "unverified_recipient_reject_code = 550"
        yield "address_verify_negative_expire_time = 60s"
    if aliases:
        pairs = ", ".join(f"{{ {alias} = {target} }}" for alias, target in aliases)
        yield f"virtual_alias_maps = inline:{{ {pairs} }}"
    if settings.listen[0].path:
        yield "# If master.cf runs lmtp in a chroot (Debian does), the socket must lie below /var/spool/postfix."
        yield "# The socket is for its own account and group, so put postfix into that group (usermod -aG)."


def _transport(place: Listen) -> str:
    if place.path:
        return f"lmtp:unix:{place.path}"
    host = _ANY_HOST.get(place.host, place.host)
    literal = f"[{host}]" if place.scheme == "smtp" or ":" in host else host
    return f"smtp:{literal}:{place.port}" if place.scheme == "smtp" else f"lmtp:inet:{literal}:{place.port}"
