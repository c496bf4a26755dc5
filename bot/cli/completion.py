"""`mesbot completion`: what a shell needs to complete verbs, options and files."""

from __future__ import annotations

import click

from bot.cli.values import OneOf

HELP = """
Print the lines that let a shell complete mesbot's verbs and options with Tab.

\b
Examples:
  mesbot completion bash >> ~/.bashrc
  mesbot completion zsh >> ~/.zshrc
  mesbot completion fish > ~/.config/fish/completions/mesbot.fish
"""


@click.command(help=HELP, short_help="Tab completion for bash, zsh or fish.")
@click.argument("shell", type=OneOf(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Prints the script; a new shell reads it."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, "click knows every shell that the argument allows"
    made = kind(context.find_root().command, {}, "mesbot", "_MESBOT_COMPLETE")
    click.echo(made.source_template % made.source_vars())
