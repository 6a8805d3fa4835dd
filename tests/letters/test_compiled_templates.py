"""Claims about templates that are kept compiled: nothing that happens to these files changes or stops a letter."""

import os
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from mail_tickets.model.compiled_templates import CompiledTemplates


def says(folder: Path, text: str = "Hello {{ name }}") -> str:
    environment = Environment(loader=DictLoader({"letter": text}), bytecode_cache=CompiledTemplates(folder))
    return environment.get_template("letter").render(name="Ann")


def test_a_template_is_compiled_once_for_all_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert says(tmp_path) == "Hello Ann"
    monkeypatch.setattr(Environment, "compile", lambda *_: pytest.fail("it is compiled again"))
    assert says(tmp_path) == "Hello Ann"


def test_a_template_that_was_changed_is_compiled_again(tmp_path: Path) -> None:
    assert says(tmp_path) == "Hello Ann"
    assert says(tmp_path, "Good day {{ name }}") == "Good day Ann"


@pytest.mark.parametrize("kept", [0, 1, 15, 20, 60, 200, -1])
@pytest.mark.parametrize("then", [b"", b"\x80\xff.damaged"], ids=["cut", "overwritten"])
def test_a_damaged_file_is_passed_over(tmp_path: Path, kept: int, then: bytes) -> None:
    assert says(tmp_path) == "Hello Ann"
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:kept] + then)
    assert says(tmp_path) == "Hello Ann"
    assert says(tmp_path) == "Hello Ann"


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert says(tmp_path / "missing") == "Hello Ann"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert says(tmp_path) == "Hello Ann"
    monkeypatch.setattr("marshal.dump", full)
    assert says(tmp_path) == "Hello Ann"
    assert list(tmp_path.iterdir()) == []
