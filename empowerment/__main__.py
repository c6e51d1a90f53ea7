"""What ``python -m empowerment`` runs."""

import sys

if __name__ == "__main__":
    try:
        from empowerment.cli import main
    except KeyboardInterrupt:
        print("empowerment: interrupted", file=sys.stderr)
        sys.exit(130)
    sys.exit(main())
