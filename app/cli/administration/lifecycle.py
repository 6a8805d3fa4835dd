"""The command `lifecycle`: the tables, printed."""

import click


@click.command("lifecycle")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["table", "mermaid", "json"]), default="table", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def lifecycle_command(name: str | None, form: str, as_json: bool) -> None:
    """Print the lifecycles from the tables that the tracker works by."""
    from ...model.lifecycle.printing import PRINTERS
    from ...model.lifecycle.registry import LIFECYCLES

    if name is not None and name not in LIFECYCLES:
        raise click.ClickException(f"There is no lifecycle {name!r}; there are: {', '.join(LIFECYCLES)}.")
    chosen = [LIFECYCLES[name]] if name else list(LIFECYCLES.values())
    click.echo(PRINTERS["json" if as_json else form](chosen))
