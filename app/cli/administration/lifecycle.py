"""The command `lifecycle`: print the lifecycle tables."""

import click


@click.command("lifecycle")
@click.argument("name", required=False, metavar="[correspondence|support]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "mermaid", "json"]),
    default="table",
    show_default=True,
    help="Which format.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def lifecycle_command(name: str | None, form: str, as_json: bool) -> None:
    """Print the rules: who can do what, and when.

    \b
    Examples:
      tickets lifecycle
      tickets lifecycle support --format mermaid
    """
    from ...model.lifecycle.printing import PRINTERS
    from ...model.lifecycle.registry import LIFECYCLES

    if name is not None and name not in LIFECYCLES:
        raise click.ClickException(f'There\'s no lifecycle "{name}". Use {" or ".join(LIFECYCLES)}.')
    chosen = [LIFECYCLES[name]] if name else list(LIFECYCLES.values())
    click.echo(PRINTERS["json" if as_json else form](chosen))
