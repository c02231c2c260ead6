"""The console script: `feedserver`, also as `python -m feedserver`."""

import sys

from feedserver.cli.main import run


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
