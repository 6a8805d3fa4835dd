"""Claims about the units that `service install` writes, and about what the server tells the service manager."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from mail_tickets.cli.setting_up.service import units
from mail_tickets.config.service_manager import tell_service_manager
from tests.support.program import PATIENCE, ROOT, Program

PACKAGED = {
    "account": "tickets",
    "config": "/etc/tickets/tickets.toml",
    "program": "/opt/tickets/.venv/bin/tickets",
    "home": "/var/lib/tickets",
}


def test_the_packaged_units_are_those_of_the_command() -> None:
    folder = ROOT / "packaging" / "systemd"
    assert {path.name: path.read_text() for path in folder.iterdir()} == units(PACKAGED)


def test_units_name_this_installation(tmp_path: Path) -> None:
    program = Program(tmp_path)
    output = program.does(
        "service", "install", "--directory", str(tmp_path), "--user", "nobody", "--config", "/x/t.toml"
    )
    unit = (tmp_path / "tickets.service").read_text()
    assert "User=nobody\n" in unit
    assert "Environment=TICKETS_CONFIG=/x/t.toml\n" in unit
    assert "{{" not in "".join(path.read_text() for path in tmp_path.glob("tickets*"))
    assert "systemctl enable --now tickets.service" in output
    assert "no directory" in program.run("service", "install", "--directory", str(tmp_path / "no")).stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze") and not os.environ.get("CI"), reason="no systemd here")
def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    Program(tmp_path).does("service", "install", "--directory", str(tmp_path), "--user", "daemon")
    paths = sorted(map(str, tmp_path.glob("tickets*.*")))
    result = subprocess.run(
        ["systemd-analyze", "verify", *paths], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_the_server_tells_the_service_manager_when_it_is_ready(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        program.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        with program.serving() as process:
            assert manager.recv(1000).startswith(b"READY=1\n")
            process.terminate()
            assert manager.recv(1000) == b"STOPPING=1"


def test_without_a_service_manager_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("", "/nowhere/at/all", "vsock:2:1"):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        tell_service_manager("READY=1")
