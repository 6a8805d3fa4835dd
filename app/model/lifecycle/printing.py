"""The lifecycles as people and scripts read them: a table, a diagram, JSON, all from the tables."""

import json
from collections.abc import Callable, Sequence

from .commands import COMMANDS, Command
from .roles import ActorRoles, Role
from .tables import Lifecycle, Rule, find_rule, target_status


def as_table(lifecycles: Sequence[Lifecycle]) -> str:
    """Two Markdown tables for each lifecycle: what a plain reply does, and what else can be done."""
    return "\n\n".join(f"{_defaults_table(lifecycle)}\n\n{_actions_table(lifecycle)}" for lifecycle in lifecycles)


def as_mermaid(lifecycles: Sequence[Lifecycle]) -> str:
    """A Mermaid state diagram for each lifecycle."""
    return "\n\n".join(_diagram(lifecycle) for lifecycle in lifecycles)


def as_json(lifecycles: Sequence[Lifecycle]) -> str:
    """Statuses, roles and rows, as they stand in the tables; an object for one lifecycle, a list for several."""
    documents = [_document(lifecycle) for lifecycle in lifecycles]
    return json.dumps(documents[0] if len(documents) == 1 else documents, ensure_ascii=False, indent=2)


PRINTERS: dict[str, Callable[[Sequence[Lifecycle]], str]] = {
    "table": as_table,
    "mermaid": as_mermaid,
    "json": as_json,
}


def outcome(lifecycle: Lifecycle, status: str, role: Role) -> tuple[str, str, bool]:
    """What a plain reply of a role does in a status: the action's title, the status after it, whether in private."""
    default_reply = lifecycle.default_reply(status, role)
    roles = ActorRoles(role, requestor=role is Role.REQUESTOR, responder=role is Role.RESPONDER)
    rule = find_rule(lifecycle, default_reply.action, status, roles)
    return default_reply.action.title, target_status(rule, status), default_reply.private


def defaults_rows(lifecycle: Lifecycle) -> list[list[str]]:
    """Return what a plain reply does, by status and role, below a row of headings."""
    head = [f"A plain reply ({lifecycle.name})", *lifecycle.role_order]
    rules = [
        [status, *(_cell_words(lifecycle, status, role) for role in lifecycle.role_order)]
        for status in lifecycle.statuses
    ]
    return [head, *rules]


def _defaults_table(lifecycle: Lifecycle) -> str:
    head, *rules = defaults_rows(lifecycle)
    return _markdown(head, rules)


def _cell_words(lifecycle: Lifecycle, status: str, role: Role) -> str:
    title, after, private = outcome(lifecycle, status, role)
    thanks = f" ({after_thanks} after thanks)" if (after_thanks := _after_thanks(lifecycle, status, role)) else ""
    return f"{title}{' in private' if private else ''}{f' → {after}' if after != status else ''}{thanks}"


def _after_thanks(lifecycle: Lifecycle, status: str, role: Role) -> str | None:
    """Return the status after a reply that only says thanks; None where that is a reply like any other."""
    rule = lifecycle.default_reply(status, role).thanks
    return target_status(rule, status) if rule else None


def actions_rows(lifecycle: Lifecycle) -> list[list[str]]:
    """Return what can be done at all, by whom and from which status, below a row of headings."""
    rules = [[rule.action.title, str(rule.who), *_moves_words(rule)] for rule in lifecycle.rules]
    return [["Action", "By", "From", "To"], *rules]


def _actions_table(lifecycle: Lifecycle) -> str:
    head, *rules = actions_rows(lifecycle)
    return _markdown(head, rules)


def _moves_words(rule: Rule) -> list[str]:
    sources = ", ".join(rule.moves)
    targets = set(rule.moves.values())
    if all(targets == (source,) for source, targets in rule.moves.items()):
        return [sources, "no change"]
    if any(len(choices) > 1 for choices in targets):
        return [sources, "any other"]
    words = [f"{source} stays" if choices[0] == source else choices[0] for source, choices in rule.moves.items()]
    return [sources, ", ".join(dict.fromkeys(words))]


def commands_table() -> str:
    """Return the table of commands at the top of a mail, for docs/commands.md."""
    head = ("line", "what it does", "value", "from")
    rules = [
        (
            _lines_of(command),
            command.effect,
            command.value,
            "responders, requestor" if command.requestor else "responders",
        )
        for command in COMMANDS
    ]
    return _markdown(head, rules)


def _lines_of(command: Command) -> str:
    """Return the line of a command, and its other names."""
    return ", ".join(f"`{line}`" for line in (command.line(), *(f"{name}:" for name in command.also)))


def _markdown(head: Sequence[str], rules: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[column]) for line in (head, *rules)) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rules]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )


def _diagram(lifecycle: Lifecycle) -> str:
    names = {status: f"s{place}" for place, status in enumerate(lifecycle.statuses)}
    lines = ["stateDiagram-v2", f"    [*] --> {names[lifecycle.first]}"]
    lines += [f'    state "{status}" as {name}' for status, name in names.items()]
    arrows: dict[tuple[str, str], list[str]] = {}
    for rule in lifecycle.rules:
        for source, choices in rule.moves.items():
            if len(choices) == 1 and choices[0] != source:
                arrows.setdefault((source, choices[0]), []).append(rule.recorded_action.title)
    lines += [
        f"    {names[source]} --> {names[goal]}: {' / '.join(dict.fromkeys(titles))}"
        for (source, goal), titles in arrows.items()
    ]
    return "\n".join(lines)


def _document(lifecycle: Lifecycle) -> dict[str, object]:
    return {
        "name": lifecycle.name,
        "statuses": list(lifecycle.statuses),
        "roles": [str(role) for role in lifecycle.role_order],
        "actions": [action.title for action in lifecycle.actions],
        "defaults": [_default_row(lifecycle, status, role) for status, role in lifecycle.defaults],
        "rows": [_row_document(rule) for rule in lifecycle.rules],
    }


def _default_row(lifecycle: Lifecycle, status: str, role: Role) -> dict[str, object]:
    title, after, private = outcome(lifecycle, status, role)
    return {"status": status, "role": str(role), "action": title, "new_status": after, "private": private} | (
        {"after_thanks": thanks} if (thanks := _after_thanks(lifecycle, status, role)) else {}
    )


def _row_document(rule: Rule) -> dict[str, object]:
    return {
        "action": rule.action.title,
        "who": str(rule.who),
        "from": {source: list(choices) for source, choices in rule.moves.items()},
        "recorded_as": rule.recorded_action.title,
        "answer": rule.answer.value,
        "needs": rule.answered_by.title if rule.answered_by else None,
    }
