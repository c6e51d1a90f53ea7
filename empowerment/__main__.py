"""What ``python -m empowerment`` runs."""

import sys

from empowerment.cli import main

if __name__ == "__main__":
    sys.exit(main())
