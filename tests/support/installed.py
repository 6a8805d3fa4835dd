"""The distributions as they are built, and environments outside the checkout in which they are installed."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What of the checkout goes into them.
SOURCES = ("app", "setup.py", "pyproject.toml", "README.md", "LICENSE")
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
PATIENCE = 600


class Built(NamedTuple):
    """The two files that are published."""

    wheel: Path
    sdist: Path


class Installed(NamedTuple):
    """An environment with nothing but the tracker and what it needs."""

    folder: Path

    def command(self, name: str) -> str:
        """The path of one of its commands."""
        return str(self.folder / "bin" / name)

    @property
    def packages(self) -> Path:
        """Where its packages lie."""
        [folder] = self.folder.glob("lib/python3*/site-packages")
        return folder

    def run(self, name: str, *arguments: str, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run one of its commands to the end."""
        return subprocess.run(
            [self.command(name), *arguments],
            cwd=cwd,
            env=clean_environment(cwd) | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def does(self, name: str, *arguments: str, cwd: Path, **environment: str) -> str:
        """Run one of its commands, which succeeds; what it prints."""
        result = self.run(name, *arguments, cwd=cwd, **environment)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of somebody who has neither settings of the tracker nor a checkout of it."""
    dropped = ("TICKETS_", "SALMON_", "PYTHON", "XDG_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {"HOME": str(home)}


def other_pythons() -> dict[str, str]:
    """The Pythons of this machine that the tracker is for, by version, but for the one that runs."""
    pythons: dict[str, str] = {}
    for version in VERSIONS:
        candidates = [*Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), shutil.which(f"python{version}")]
        usable = [str(path) for path in candidates if path and _runs(str(path), version)]
        if usable and version != "{}.{}".format(*sys.version_info):
            pythons[version] = usable[0]
    return pythons


def _runs(python: str, version: str) -> bool:
    """Whether it can make an environment, and is no shim of another version."""
    program = "import sys, ssl, sqlite3, venv; print('%d.%d' % sys.version_info[:2])"
    result = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    return result.stdout.strip() == version


def install(folder: Path, distribution: Path, python: str = sys.executable) -> Installed:
    """Make an environment and install a distribution into it."""
    _check(python, "-m", "venv", "--without-pip", str(folder))
    # Most modules of the libraries are never imported, and to compile them takes longer than a demo.
    pip = [*_pip(), "--python", str(folder / "bin" / "python")]
    _check(*pip, "install", "--quiet", "--no-compile", str(distribution))
    return Installed(folder)


def build(folder: Path) -> Built:
    """Build the sdist from a copy, in which nothing is left of an earlier build, and the wheel from the sdist."""
    copy = folder / "source"
    copy.mkdir()
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, copy / name)
    _check(sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(copy))
    return built_in(folder)


def built_in(folder: Path) -> Built:
    """The distributions that were built there."""
    [wheel], [sdist] = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    return Built(wheel, sdist)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first of this run's workers makes, and the others find."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder


def _pip() -> list[str]:
    """The pip of this environment; one that was made without is served by the system's."""
    own = importlib.util.find_spec("pip") is not None
    return [sys.executable if own else sys._base_executable, "-m", "pip", "--disable-pip-version-check"]  # type: ignore[attr-defined]


def _check(*command: str) -> None:
    result = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The distributions."""
    return built_in(made_once(tmp_path_factory, "built", build))


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of its own."""
    folder = made_once(tmp_path_factory, "wheel", lambda folder: install(folder / "env", built.wheel))
    return Installed(folder / "env")
