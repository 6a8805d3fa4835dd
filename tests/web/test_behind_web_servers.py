"""Claims about the web pages behind Debian's nginx and Caddy, set up as docs/web.md says."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import DOCS, code_blocks
from tests.support.program import PATIENCE, Program, free_port

pytestmark = pytest.mark.slow

HOST = "desk.example.org"
OURS = "127.0.0.1:8826"


def installed(name: str) -> str:
    """The path of the system's web server; without it a skip, under CI a failure."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(f"there is no {name}: .ci/run installs it")
        pytest.skip(f"there is no {name}")
    return path


def documented(language: str, own: dict[str, str]) -> str:
    """The block of docs/web.md in a language; `own` has what differs here, and each of it must stand there."""
    [block] = code_blocks((DOCS / "web.md").read_text("utf-8"), language)
    for original, local in own.items():
        assert original in block, original
        block = block.replace(original, local)
    return block


def nginx(folder: Path, port: int, web_port: int) -> list[str | Path]:
    """Debian's nginx as documented, but for its ports and its certificate; returns its command."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
         "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    server = documented("nginx", {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        f"/etc/letsencrypt/live/{HOST}/fullchain.pem": f"{folder}/cert.pem",
        f"/etc/letsencrypt/live/{HOST}/privkey.pem": f"{folder}/key.pem",
        OURS: f"127.0.0.1:{web_port}",
    })  # fmt: skip
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{head}http {{\naccess_log off;\n{paths}{server}}}\n")
    return [installed("nginx"), "-c", folder / "nginx.conf", "-p", folder, "-e", folder / "errors"]


def caddy(folder: Path, port: int, web_port: int) -> list[str | Path]:
    """Debian's Caddy as documented, but for its ports and a certificate of its own; returns its command."""
    site = documented("caddyfile", {
        f"{HOST} {{": f"https://{HOST}:{port} {{\n    bind 127.0.0.1\n    tls internal",
        OURS: f"127.0.0.1:{web_port}",
    })  # fmt: skip
    alone = "admin off\nskip_install_trust\nauto_https disable_redirects\ngrace_period 1s\n"
    (folder / "Caddyfile").write_text(f"{{\n{alone}storage file_system {folder}/storage\n}}\n{site}\n")
    return [installed("caddy"), "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]


@contextmanager
def in_front(command: Callable[[Path, int, int], list[str | Path]], web_port: int) -> Iterator[int]:
    """A web server that runs until the end; its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="tickets-front-", dir="/tmp") as place:
        folder = Path(place)
        homes = {"HOME": place, "XDG_DATA_HOME": place, "XDG_CONFIG_HOME": place}
        with (folder / "errors").open("ab") as errors:
            process = subprocess.Popen(command(folder, port, web_port), env={**os.environ, **homes}, stderr=errors)
        try:
            end = time.monotonic() + PATIENCE
            while not answers(port):
                assert process.poll() is None, (folder / "errors").read_text()
                assert time.monotonic() < end
                time.sleep(0.02)
            yield port
        finally:
            process.terminate()
            process.wait(PATIENCE)


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class ByName(HTTPSConnection):
    """A connection to a web server of this machine, which is asked for by its public name."""

    def connect(self) -> None:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self.sock = trusting.wrap_socket(plain, server_hostname=HOST)


class Browser:
    """Somebody far away, who knows the tracker by its public name."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []

    def asks(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        connection = ByName(HOST, self.port, timeout=PATIENCE)
        sent = {"Host": HOST, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        # What is too large is answered before it was sent to its end.
        with suppress(ConnectionError, ssl.SSLError):
            connection.request(
                method, path, body, sent | {name.replace("_", "-"): value for name, value in headers.items()}
            )
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            self.set.append(cookie)
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer.status, text, dict(answer.headers.items())

    def posts(self, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str, dict[str, str]]:
        kind = {"Content_Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}"}
        return self.asks("POST", path, urllib.parse.urlencode(fields).encode(), **(kind | headers))


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))


@pytest.mark.parametrize("front", [nginx, caddy])
def test_people_use_the_pages_by_https_as_the_documentation_says(front: Any, tmp_path: Path) -> None:
    program = Program(tmp_path)
    web_port = free_port()
    program.environment |= {"TICKETS_WEB": f"http://127.0.0.1:{web_port}", "TICKETS_WEB_URL": f"https://{HOST}"}
    with program.serving(), in_front(front, web_port) as port:
        program.does("person", "add", "you@example.org", "--admin")
        link = program.does("login", "you@example.org").strip()
        assert link.startswith(f"https://{HOST}/login/")
        browser, place = Browser(port), link.removeprefix(f"https://{HOST}")
        assert browser.asks("GET", place)[0] == 200
        assert browser.posts(place, {})[2]["Location"] == "/"
        # A cookie for this very host alone, and only by https.
        [cookie] = [cookie_ for cookie_ in browser.set if cookie_.startswith("__Host-desk=")]
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
        program.sends(1)
        assert browser.asks("GET", "/tickets/1")[0] == 200
        page = browser.asks("GET", "/tickets/1")[1]
        button = re.search(r'<button name="do" value="([^"]+)"', page)
        assert button
        answer = {**hidden(page), "do": button[1], "text": "By https."}
        assert browser.posts("/tickets/1", answer, Origin="https://evil.example")[0] == 403
        assert browser.posts("/tickets/1", answer)[0] == 303
        # What the next page says stands in another cookie.
        assert [cookie.partition("=")[0] for cookie in browser.set] == ["__Host-desk", "__Host-desk-notice"]
        assert program.shows(1)["messages"][-1]["text"] == "By https."
        # Refused before all of it has come. Caddy, which passes a body on as it comes, may see only that we hung up.
        assert browser.asks("POST", "/tickets/1", b"x" * 30_000_000)[0] in ((413,) if front is nginx else (413, 502))
        assert program.shows(1)["messages"][-1]["text"] == "By https."
        assert any(f"https://{HOST}/tickets/1" in letter.decode() for letter in program.awaits_letters(1))
