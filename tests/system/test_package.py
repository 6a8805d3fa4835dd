"""Claims about what is published: a wheel and an sdist, installed where no checkout is."""

import re
import smtplib
import sqlite3
import subprocess
import tarfile
import zipfile
from itertools import takewhile
from pathlib import Path

import pytest

from tests.support.installed import ROOT, Built, Installed, clean_environment, install, other_pythons
from tests.support.program import HELLO, PATIENCE, free_port, mail

pytestmark = pytest.mark.slow


def test_the_wheel_holds_one_package_with_every_file_of_app(built: Built) -> None:
    held = [Path(name) for name in zipfile.ZipFile(built.wheel).namelist()]
    assert {path.parts[0] for path in held if not path.parts[0].endswith(".dist-info")} == {"mail_tickets"}
    app = ROOT / "app"
    files = {path.relative_to(app) for path in app.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.relative_to("mail_tickets") for path in held if path.parts[0] == "mail_tickets"} == files


def plays_the_demo(environment: Installed, folder: Path) -> None:
    assert environment.does("tickets", "--version", cwd=folder).startswith("tickets ")
    assert re.search(r"^All \d+ promises were kept\.", environment.does("tickets", "demo", cwd=folder), re.MULTILINE)
    assert not [path for path in environment.packages.iterdir() if path.name in ("app", "config", "tests", "run")]


def test_an_installed_wheel_plays_the_demo(installed: Installed, tmp_path: Path) -> None:
    plays_the_demo(installed, tmp_path)


def test_the_sdist_gives_the_same_package(built: Built) -> None:
    """The wheel is built from it, as pip builds one to install an sdist."""
    with tarfile.open(built.sdist) as sdist:
        files = {member.name.partition("/app/")[2]: sdist.extractfile(member) for member in sdist if member.isfile()}
        in_sdist = {name: file.read() for name, file in files.items() if name and file}
    with zipfile.ZipFile(built.wheel) as wheel:
        in_wheel = {name.partition("mail_tickets/")[2]: wheel.read(name) for name in wheel.namelist()}
    assert {name: content for name, content in in_wheel.items() if name} == in_sdist


@pytest.mark.parametrize(("version", "python"), other_pythons().items(), ids=other_pythons())
def test_other_pythons_play_the_demo(built: Built, tmp_path: Path, version: str, python: str) -> None:
    environment = install(tmp_path / "env", built.wheel, python)
    assert f"python{version}" in str(environment.packages)
    plays_the_demo(environment, tmp_path)


def test_an_installed_tracker_serves_and_keeps_its_data_at_home(installed: Installed, tmp_path: Path) -> None:
    port = free_port()
    home = {"TICKETS_HOME": str(tmp_path / "home"), "TICKETS_LISTEN": f"smtp://127.0.0.1:{port}"}
    process = subprocess.Popen(
        [installed.command("tickets"), "serve"],
        cwd=tmp_path,
        env=clean_environment(tmp_path) | home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        # The greeting; its line of the web pages is there when their usual port is free.
        greeting = "".join(takewhile(lambda line: line != "Ctrl-C stops it.\n", process.stdout))
        assert f"\nSending through maildir:{tmp_path}/home/run/letters\n" in greeting
        assert "\nTry it:  tickets responder add you@example.org --queue General && " in greeting
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
            client.sendmail("ann@example.org", [HELLO], mail(1))
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
    with sqlite3.connect(tmp_path / "home" / "run" / "tickets.db") as database:
        assert database.execute("SELECT count(*) FROM ticket").fetchone() == (1,)
    assert "kinds of email" in installed.run("tickets", "doctor", cwd=tmp_path, **home).stdout


def test_a_home_among_installed_programs_is_refused(installed: Installed, tmp_path: Path) -> None:
    result = installed.run("tickets", "init", cwd=tmp_path, TICKETS_HOME=str(installed.packages / "mail_tickets"))
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith("TICKETS_HOME can't be ")
