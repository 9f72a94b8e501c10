"""`python -m mqscaffold`: the same as the `mqscaffold` command."""

from mqscaffold.cli import main

if __name__ == "__main__":
    main()
