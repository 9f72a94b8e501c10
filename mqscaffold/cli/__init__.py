"""The `mqscaffold` command. Importing this package imports nothing else, not even click."""


def main() -> None:
    """Run the command line with the process's arguments; ends the process with its exit code."""
    from mqscaffold.cli.shell import shell

    shell()
