"""`mqscaffold completion`: print a shell's script."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that completes commands, patterns, services, settings and values.

    \b
    bash:  echo 'eval "$(mqscaffold completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(mqscaffold completion zsh)"' >> ~/.zshrc    (after compinit)
    fish:  mqscaffold completion fish > ~/.config/fish/completions/mqscaffold.fish
    """
    from mqscaffold.cli.complete import SCRIPTS

    click.echo(SCRIPTS[shell], nl=False)
