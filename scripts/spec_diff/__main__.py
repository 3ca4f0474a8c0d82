"""Say what changed in the spec since a git revision: `make spec-diff BASE=<git rev>`."""

import sys
from pathlib import Path

from scripts.spec_diff.documents import UnreadableError, of_revision, of_work_tree
from scripts.spec_diff.report import report

USAGE = "name one git revision: make spec-diff BASE=<git rev>"


def main(root: Path, arguments: list[str]) -> int:
    """Print the report and return the exit status: 0 whatever it says, for it only informs."""
    try:
        if len(arguments) != 1 or not arguments[0]:
            raise UnreadableError(USAGE)
        print(report(of_revision(root, arguments[0]), of_work_tree(root)))
    except UnreadableError as problem:
        print(f"spec-diff: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2], sys.argv[1:]))
