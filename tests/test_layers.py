"""Claims about packages: each imports only packages to its left, and no imports form a circle."""

from collections import Counter
from graphlib import TopologicalSorter

from tests.support.sources import APP, MODULES, imported_modules, imports, is_in

MODEL = ("folding", "compiled_templates", "wording", "lifecycle", "storage", "records", "tickets", "search", "letters")
MODEL += ("operations", "inbound", "desk", "erasure")
LAYERS = ["app.mail", *(f"app.model.{name}" for name in MODEL), "app.model.schema", "app.model.program"]
LAYERS += ["app.model.setup", "app.archive", "app.transport", "app.handlers", "app.web", "app.config"]
LAYERS += ["app.devtools", "app.cli"]
# Plain packages (`start` in the first imports inside itself), what Salmon loads by name, and Alembic's files, which run
# inside `schema`.
BESIDE, RUN_BY_NAME = ("app", "app.model"), ("config", "app.model.migrations")
STRANGERS = {
    "app.mail": ("sqlalchemy", "jinja2", "salmon", "aiosmtpd", "click"),
    "app.model.lifecycle": ("sqlalchemy", "jinja2", "salmon", "aiosmtpd", "click"),
    "app.model": ("salmon", "aiosmtpd", "smtplib", "click", "os.environ"),
    "app": ("config",),
}


def layer(name: str) -> int:
    return next(number for number, package in enumerate(LAYERS) if is_in(name, package))


def test_packages_import_only_packages_to_their_left() -> None:
    """Imports in functions and for types count too: a circle that is hidden is a circle."""
    placed = {name: path for name, path in MODULES.items() if name not in BESIDE and not is_in(name, *RUN_BY_NAME)}
    pairs = [(name, target) for name, path in placed.items() for target in imported_modules(path) - {*BESIDE}]
    assert [pair for pair in pairs if layer(pair[1]) > layer(pair[0])] == []


def test_no_imports_form_a_circle() -> None:
    TopologicalSorter({name: imported_modules(path) for name, path in MODULES.items()}).prepare()


def test_pure_packages_stay_pure() -> None:
    for package, strangers in STRANGERS.items():
        inside = [path for name, path in MODULES.items() if is_in(name, package)]
        assert [(path, name) for path in inside for name in imports(path) if is_in(name, *strangers)] == []


def test_handlers_import_salmon_the_inbound_path_and_the_request_that_they_are_given() -> None:
    allowed = ("salmon", "app.handlers", "app.model.inbound", "app.model.storage", "app.model.records.addressing")
    allowed += ("app.transport.inbound", "app.transport.mail_log")
    for name, path in MODULES.items():
        if is_in(name, "app.handlers"):
            assert [module for module in imported_modules(path) if not is_in(module, *allowed)] == []


def test_operations_notify_nobody_but_by_a_command_or_by_the_clock() -> None:
    """What changes a ticket writes no letter, and what writes letters changes no ticket: others do both in turn."""
    without_mail = ("administration", "manual_action", "daily_letter", "daily_work", "morning_letters")
    without_mail += ("team_welcome",)
    writing = {f"app.model.letters.{name}" for name in ("notification", "letter_rows", "notices.notice_letters")}
    telling = {name for name, path in MODULES.items() if imported_modules(path) & writing}
    assert {name for name in telling if is_in(name, "app.model.operations")} == {
        f"app.model.operations.{name}" for name in without_mail
    }
    assert {name for name in telling if is_in(name, "app.model.inbound")} == {
        f"app.model.inbound.{name}" for name in ("bounces", "dispatch", "unmatched", "unsubscribe_address")
    }


def test_no_folder_holds_more_than_seventeen_files() -> None:
    counted = Counter(path.parent for path in APP if path.name != "__init__.py" and path.parent.name != "versions")
    assert [folder for folder, count in counted.items() if count > 17] == []
