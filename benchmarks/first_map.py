"""From nothing to the first map of a world of one's own: ``python -m benchmarks.first_map``, in a few minutes.

Copies the checkout, without what git ignores, into a new folder, and runs there the commands of the page
`docs/how-to/first-map.md`, as they stand on it: a fresh virtual environment, the installation, and the script with an
empty cache of compiled code; then the script once more. Prints the seconds of each step. All of it shall stay under
five minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parents[1]
PAGE = HERE / "docs" / "how-to" / "first-map.md"
PICTURE = "my_world.png"
ALLOWED = 300.0


def commands() -> list[str]:
    """Return the commands of the page."""
    block = re.search(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if block is None:
        raise LookupError(f"{PAGE} has no block of commands")
    return block[1].splitlines()


def copied(folder: Path) -> Path:
    """Copy the files of the checkout that git knows or would add."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=HERE, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        if (HERE / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HERE / name, target)
    return folder


def seconds(command: str, folder: Path, cache: Path) -> tuple[float, str]:
    """Run a command in a shell and return the seconds it took, and what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"NUMBA_CACHE_DIR": str(cache), "MPLBACKEND": "Agg"}
    began = time.perf_counter()
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stderr[-3000:]}")
    return time.perf_counter() - began, done.stdout


def main() -> None:
    """Run and time everything, and print a line for each step."""
    total = 0.0
    with tempfile.TemporaryDirectory() as parent:
        folder, cache = copied(Path(parent) / "checkout"), Path(parent) / "cache"
        steps = commands()
        for command in steps:
            taken, printed = seconds(command, folder, cache)
            total += taken
            print(f"{taken:7.1f} s  {command}", flush=True)
        if not (folder / PICTURE).stat().st_size:
            raise RuntimeError(f"{PICTURE} is empty, expected a map")
        print(f"{total:7.1f} s  in all, until there is a map; allowed are {ALLOWED:.0f} s")
        again, _ = seconds(steps[-1], folder, cache)
        print(f"{again:7.1f} s  the last command once more\n\n{printed}", end="")
    sys.exit(total > ALLOWED)


if __name__ == "__main__":
    main()
