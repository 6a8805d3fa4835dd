"""Claims about `./tickets` itself, on a checkout whose .venv holds shell scripts in place of python and pip."""

import ast
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

LAUNCHER = Path(__file__).resolve().parent.parent.parent / "tickets"

# In the place of .venv/bin/python. It tells its story to ../../said, and pip ends as ../../pip-ends says.
FAKE_PYTHON = """#!/bin/sh
checkout=$(dirname "$0")/../..
case "$1 $2 $3" in
"-c "*) exit 0 ;;
"-m pip --version") exit 0 ;;
"-m pip install")
    echo "pip $*" >> "$checkout/said"
    cat
    echo "the words of pip" >&2
    . "$checkout/pip-ends" ;;
"-m compileall "*) echo "$*" >> "$checkout/compiled"; exit 1 ;;
"-m pytest "*) echo "$PWD"; echo "$*"; exit 0 ;;
*) exec /bin/sh "$@" ;;
esac
"""
FAKE_TICKETS = """
for word in "$@"; do echo "<$word>"; done
case "$1" in
fails) exit 7 ;;
dies) kill -TERM $$ ;;
reads) cat ;;
esac
"""


@dataclass
class Checkout:
    """A copy of the launcher with a fake environment beside it."""

    root: Path

    @property
    def stamp(self) -> Path:
        return self.root / ".venv" / "stamp"

    def begin(self, *arguments: str, mail: str = "") -> "subprocess.Popen[str]":
        source = self.root / "stdin"
        source.write_text(mail)
        with source.open() as stdin:
            return subprocess.Popen(
                [sys.executable, str(self.root / "tickets"), *arguments],
                cwd="/",
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                # A shell lets what it starts in the background ignore the signal, and the tests may be started so.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
            )

    def run(self, *arguments: str, mail: str = "") -> "subprocess.CompletedProcess[str]":
        with self.begin(*arguments, mail=mail) as started:
            out, err = started.communicate(timeout=30)
        return subprocess.CompletedProcess(arguments, started.returncode, out, err)

    def installs(self) -> list[str]:
        """What pip was asked to install, once for each time."""
        log = self.root / "said"
        return [line.split(" -e ")[1] for line in log.read_text().splitlines()] if log.exists() else []

    def pip_ends(self, script: str) -> None:
        (self.root / "pip-ends").write_text(script)

    def change_project(self) -> None:
        with (self.root / "pyproject.toml").open("a") as project:
            project.write("# changed\n")

    def module(self) -> ModuleType:
        loader = SourceFileLoader("launcher_of_a_checkout", str(self.root / "tickets"))
        spec = spec_from_loader(loader.name, loader)
        assert spec is not None
        module = module_from_spec(spec)
        loader.exec_module(module)
        return module


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with an environment that works and was never stamped."""
    checkout = Checkout(tmp_path / "a checkout")
    programs = checkout.root / ".venv" / "bin"
    programs.mkdir(parents=True)
    (checkout.root / "tickets").write_bytes(LAUNCHER.read_bytes())
    (checkout.root / "pyproject.toml").write_text("[project]\n")
    (programs / "tickets").write_text(FAKE_TICKETS)
    (programs / "python").write_text(FAKE_PYTHON)
    (programs / "python").chmod(0o755)
    checkout.pip_ends("exit 0")
    return checkout


def test_the_first_start_installs_and_runs_the_command_with_the_same_words(checkout: Checkout) -> None:
    result = checkout.run("open", "--subject", "two words", "*", "")
    assert result.stdout == "<open>\n<--subject>\n<two words>\n<*>\n<>\n"
    assert result.stderr == "Setting up .venv (once, about a minute)...\n"
    assert checkout.installs() == ["."]


def test_the_next_start_installs_nothing_and_says_nothing(checkout: Checkout) -> None:
    checkout.run("serve")
    result = checkout.run("serve")
    assert (result.stdout, result.stderr) == ("<serve>\n", "")
    assert checkout.installs() == ["."]


def test_an_installation_compiles_the_modules_once_and_does_not_mind_if_it_cannot(checkout: Checkout) -> None:
    assert checkout.run("serve").returncode == 0
    checkout.run("serve")
    assert (checkout.root / "compiled").read_text() == "-m compileall -q app config\n"


def test_a_start_through_a_link_is_a_start(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run("serve")
    link = tmp_path / "link"
    link.symlink_to(checkout.root / "tickets")
    result = subprocess.run([sys.executable, str(link), "list"], cwd="/", capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("<list>\n", "")


def test_a_changed_project_is_installed_again(checkout: Checkout) -> None:
    checkout.run("serve")
    checkout.change_project()
    assert checkout.run("serve").stderr == "Bringing .venv up to date...\n"
    assert checkout.installs() == [".", "."]


def test_a_moved_checkout_is_installed_again(checkout: Checkout) -> None:
    checkout.run("serve")
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    checkout.run("serve")
    assert checkout.installs() == [".", "."]


def test_the_test_extra_is_installed_once_and_stays(checkout: Checkout) -> None:
    checkout.run("serve")
    checkout.run("test")
    checkout.run("serve")
    checkout.run("test")
    assert checkout.installs() == [".", ".[test]"]
    checkout.change_project()
    checkout.run("serve")
    assert checkout.installs() == [".", ".[test]", ".[test]"]


def test_test_is_pytest_from_the_root_with_the_words_that_follow(checkout: Checkout) -> None:
    assert checkout.run("test", "-k", "a b").stdout == f"{checkout.root}\n-m pytest -k a b\n"


def test_the_whole_suite_runs_on_every_core(checkout: Checkout) -> None:
    assert checkout.run("test").stdout == f"{checkout.root}\n-m pytest -n auto --dist loadfile\n"


def test_the_status_is_the_commands_own(checkout: Checkout) -> None:
    assert checkout.run("fails").returncode == 7


def test_a_signal_is_the_commands_own(checkout: Checkout) -> None:
    assert checkout.run("dies").returncode == -15


def test_a_mail_on_standard_input_reaches_the_command_even_while_installing(checkout: Checkout) -> None:
    assert checkout.run("reads", mail="Subject: hello\n").stdout == "<reads>\nSubject: hello\n"


def test_a_failed_install_says_so_leaves_no_stamp_and_is_tried_again(checkout: Checkout) -> None:
    checkout.run("serve")
    checkout.change_project()
    checkout.pip_ends("exit 3")
    for attempt in (2, 3):
        result = checkout.run("serve")
        assert (result.returncode, result.stdout) == (1, "")
        assert "the words of pip\n" in result.stderr
        assert result.stderr.splitlines()[-1].startswith("tickets: could not install")
        assert "Traceback" not in result.stderr
        assert not checkout.stamp.exists()
        assert len(checkout.installs()) == attempt
    checkout.pip_ends("exit 0")
    assert checkout.run("serve").stdout == "<serve>\n"


def test_after_an_install_that_was_killed_the_environment_is_made_anew(checkout: Checkout) -> None:
    checkout.pip_ends("kill -KILL $$")
    assert checkout.run("serve").returncode == 1
    assert not checkout.stamp.exists()
    launcher = checkout.module()
    lock = launcher.locked()
    assert launcher.usable_pip(lock) == []
    os.close(lock)


def test_a_mail_that_is_piped_to_us_is_tried_again_when_the_install_fails(checkout: Checkout) -> None:
    checkout.pip_ends("exit 3")
    assert checkout.run("deliver").returncode == 75


def test_an_interrupted_install_is_quiet(checkout: Checkout) -> None:
    checkout.pip_ends("kill -INT $PPID; sleep 5")
    result = checkout.run("serve")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "Setting up .venv (once, about a minute)...\n")
    assert not checkout.stamp.exists()


def test_of_two_starts_at_once_one_installs_and_both_run(checkout: Checkout) -> None:
    checkout.pip_ends("sleep 0.5")
    with checkout.begin("one") as first, checkout.begin("other") as second:
        assert first.communicate(timeout=30)[0] == "<one>\n"
        assert second.communicate(timeout=30)[0] == "<other>\n"
    assert checkout.installs() == ["."]


def test_an_environment_that_is_gone_or_of_another_python_is_not_usable(checkout: Checkout) -> None:
    launcher = checkout.module()
    lock = launcher.locked()
    assert launcher.usable_pip(lock) != []
    python = checkout.root / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    assert launcher.usable_pip(lock) == []
    python.unlink()
    assert launcher.usable_pip(lock) == []
    os.close(lock)


def test_without_ensurepip_the_pip_of_the_system_installs(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = checkout.module()
    python = checkout.root / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ]\n')
    system = checkout.root / "python-of-the-system"
    system.write_text("#!/bin/sh\nexit 0\n")
    system.chmod(0o755)
    monkeypatch.setattr(launcher, "PARENT", str(system))
    monkeypatch.setattr(launcher, "has_ensurepip", lambda: False)
    lock = launcher.locked()
    assert launcher.new_venv(lock) == [str(system), "-m", "pip", "--python", str(python)]
    os.close(lock)


def test_with_neither_pip_nor_ensurepip_one_line_names_the_package(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    launcher = checkout.module()
    (checkout.root / ".venv" / "bin" / "python").write_text('#!/bin/sh\n[ "$1" = -c ]\n')
    system = checkout.root / "python-of-the-system"
    system.write_text('#!/bin/sh\n[ "$2" = venv ]\n')
    system.chmod(0o755)
    monkeypatch.setattr(launcher, "PARENT", str(system))
    monkeypatch.setattr(launcher, "has_ensurepip", lambda: False)
    with pytest.raises(SystemExit) as ended:
        launcher.main(["serve"])
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 1
    assert len(lines) == 2
    assert lines[1].endswith("apt install python3-venv")


@pytest.mark.parametrize(("command", "status"), [("serve", 1), ("deliver", 75)])
def test_an_old_python_is_told_in_one_line(checkout: Checkout, command: str, status: int) -> None:
    old = "import runpy, sys; sys.version_info = (3, 10, 1); sys.version = '3.10.1 (old)'; sys.argv = sys.argv[1:]; "
    run = old + "runpy.run_path(sys.argv[0], run_name='__main__')"
    result = subprocess.run(
        [sys.executable, "-c", run, str(checkout.root / "tickets"), command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == status
    assert result.stderr == "tickets: needs Python 3.11 or newer, and this is 3.10.1\n"


def test_an_old_python_can_read_the_launcher() -> None:
    ast.parse(LAUNCHER.read_text(), feature_version=(3, 7))


def test_a_start_with_nothing_to_do_loads_next_to_nothing(checkout: Checkout) -> None:
    checkout.run("serve")
    command = [sys.executable, "-S", "-X", "importtime", str(checkout.root / "tickets"), "serve"]
    started = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in started.stderr.splitlines() if "|" in line}
    assert "hashlib" in loaded
    assert not loaded & {"subprocess", "pathlib", "json", "tempfile", "venv", "shutil"}
