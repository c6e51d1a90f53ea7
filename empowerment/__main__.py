"""The program: ``python -m empowerment``, and the command ``empowerment``."""

import atexit
import os
import signal
import sys


def main() -> int:
    """Run the command line; Ctrl-C is answered as there while it is still being loaded."""
    try:
        from empowerment.cli import main as run

        code = run()
    except KeyboardInterrupt:
        print("empowerment: interrupted", file=sys.stderr)
        code = 130
    _leave_at_once(code)
    return code


def _leave_at_once(code: int) -> None:
    """Let Ctrl-C end a process that is done and only waits for its threads.

    Python would print a traceback. Once the threads have ended, nothing is left that takes time.
    """
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(code))
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
