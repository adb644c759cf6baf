"""Run cargo-mutants as .cargo/mutants.toml says, and hold the number of survivors that it lists to a tenth.

Every mutant that is not listed there has to be caught. Arguments go to cargo-mutants; with `--shard` or `-f` a part is
tried.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / ".cargo/mutants.toml"
OUTPUT = ROOT / "target/mutants"
MOST_LISTED = 0.1


def count(globs: list[str]) -> int:
    """How many mutants there are, the listed ones among them."""
    files = [argument for glob in globs for argument in ("-f", glob)]
    command = ["cargo", "mutants", "--no-config", "--list", "--json", "--package", "shared", *files]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return len(json.loads(listed.stdout))


def main() -> int:
    """Run cargo-mutants, and return what the process exits with."""
    config = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    every = count(config["examine_globs"])
    command = ["cargo", "mutants", "--package", "shared", "--colors", "never", "--output", str(OUTPUT), *sys.argv[1:]]
    OUTPUT.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run([*command, "--list", "--json"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    tried = len(json.loads(listed.stdout))
    survivors = every - tried
    is_whole = len(sys.argv) == 1
    if is_whole:
        print(f"{every} mutants, {survivors} of them listed as survivors")
        if survivors > every * MOST_LISTED:
            print(f"more than {MOST_LISTED:.0%} are listed in {CONFIG.relative_to(ROOT)}", file=sys.stderr)
            return 1
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
