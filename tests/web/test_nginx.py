"""Claims about the web pages behind Debian's nginx, set up as docs/web.md says."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from tests.support.documents import DOCS, code_blocks
from tests.support.program import PATIENCE, Program, free_port

pytestmark = pytest.mark.slow

HOST = "desk.example.org"


@pytest.fixture(scope="module")
def nginx() -> str:
    """The system's nginx; without one a skip, under CI a failure."""
    path = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail("there is no nginx: .ci/run installs it")
        pytest.skip("there is no nginx")
    return path


@contextmanager
def in_front(nginx: str, web_port: int) -> Iterator[int]:
    """An nginx with the server of docs/web.md; only its port, its certificate and the tracker's port are its own."""
    [server] = code_blocks((DOCS / "web.md").read_text("utf-8"), "nginx")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="tickets-nginx-", dir="/tmp") as place:
        folder = Path(place)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
             "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
            check=True, capture_output=True, timeout=PATIENCE,
        )  # fmt: skip
        own = {
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            f"/etc/letsencrypt/live/{HOST}/fullchain.pem": f"{folder}/cert.pem",
            f"/etc/letsencrypt/live/{HOST}/privkey.pem": f"{folder}/key.pem",
            "http://127.0.0.1:8826": f"http://127.0.0.1:{web_port}",
        }
        for documented, here in own.items():
            assert documented in server, documented
            server = server.replace(documented, here)
        paths = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        head = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/errors;\nevents {{}}\n"
        (folder / "nginx.conf").write_text(f"{head}http {{\naccess_log off;\n{paths}{server}}}\n")
        process = subprocess.Popen([nginx, "-c", folder / "nginx.conf", "-p", folder, "-e", folder / "errors"])
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


class Browser:
    """Somebody far away, who knows the tracker by its public name."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []

    def asks(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=trusting)
        sent = {"Host": HOST, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
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


def test_people_use_the_pages_by_https_as_the_documentation_says(nginx: str, tmp_path: Path) -> None:
    program = Program(tmp_path)
    web_port = free_port()
    program.environment |= {"TICKETS_WEB": f"http://127.0.0.1:{web_port}", "TICKETS_WEB_URL": f"https://{HOST}"}
    with program.serving(), in_front(nginx, web_port) as port:
        program.does("person", "add", "you@example.org", "--admin")
        link = program.does("login", "you@example.org").strip()
        assert link.startswith(f"https://{HOST}/login/")
        browser, place = Browser(port), link.removeprefix(f"https://{HOST}")
        assert browser.asks("GET", place)[0] == 200
        assert browser.posts(place, {})[2]["Location"] == "/"
        # A cookie for this very host alone, and only by https.
        [cookie] = [one for one in browser.set if one.startswith("__Host-desk=")]
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
        program.sends(1)
        assert browser.asks("GET", "/tickets/1")[0] == 200
        page = browser.asks("GET", "/tickets/1")[1]
        button = re.search(r'<button name="do" value="([^"]+)"', page)
        assert button
        answer = {**hidden(page), "do": button[1], "text": "By https."}
        assert browser.posts("/tickets/1", answer, Origin="https://evil.example")[0] == 403
        assert browser.posts("/tickets/1", answer)[0] == 303
        assert program.shows(1)["messages"][-1]["text"] == "By https."
        assert browser.asks("POST", "/tickets/1", b"x", Content_Length="30000000")[0] == 413
        assert any(f"https://{HOST}/tickets/1" in letter.decode() for letter in program.awaits_letters(1))
