"""The program: ``python -m empowerment``, and the command ``empowerment``."""

import sys


def main() -> int:
    """Run the command line; Ctrl-C is answered as there while it is still being loaded."""
    try:
        from empowerment.cli import main as run
    except KeyboardInterrupt:
        print("empowerment: interrupted", file=sys.stderr)
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
