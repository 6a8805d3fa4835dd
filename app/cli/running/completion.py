"""The command `completion`: the script by which a shell completes commands and options."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    \b
    Examples:
      eval "$(tickets completion bash)"
      eval "$(tickets completion zsh)"
      tickets completion fish > ~/.config/fish/completions/tickets.fish
    """
    completion = get_completion_class(shell)
    if completion is None:
        raise click.ClickException(f"This version of click has no completion for {shell}.")
    click.echo(completion(context.find_root().command, {}, "tickets", "_TICKETS_COMPLETE").source())
