"""The project's checks: `make check`, or `make check CHECKS="lint mypy"` for some of them."""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.checks import CheckFailedError, CheckSkippedError
from scripts.checks.commands import (
    check_actionlint,
    check_format,
    check_imports,
    check_lint,
    check_mypy,
    check_pyright,
    check_redocly,
    check_spectral,
    check_zizmor,
)
from scripts.checks.constraints import check_constraints
from scripts.checks.documents import check_documents
from scripts.checks.facade import check_facade
from scripts.checks.generated import check_generated
from scripts.checks.mock import check_mock
from scripts.checks.names import check_names
from scripts.checks.parity import check_parity
from scripts.checks.public_api import check_public_api
from scripts.checks.reference import check_reference
from scripts.checks.release import check_release
from scripts.checks.spec import check_spec
from scripts.checks.types import check_types

ROOT = Path(__file__).resolve().parent.parent

CHECKS: dict[str, Callable[[Path], None]] = {
    "mypy": check_mypy,
    "pyright": check_pyright,
    "spectral": check_spectral,
    "redocly": check_redocly,
    "format": check_format,
    "lint": check_lint,
    "imports": check_imports,
    "zizmor": check_zizmor,
    "actionlint": check_actionlint,
    "spec": check_spec,
    "generated": check_generated,
    "types": check_types,
    "mock": check_mock,
    "facade": check_facade,
    "names": check_names,
    "reference": check_reference,
    "documents": check_documents,
    "parity": check_parity,
    "public_api": check_public_api,
    "release": check_release,
    "constraints": check_constraints,
}


def report(name: str, root: Path = ROOT) -> bool:
    """Make one check and print how it ended."""
    started = time.monotonic()
    passed, outcome = True, "ok"
    try:
        CHECKS[name](root)
    except CheckSkippedError as reason:
        outcome = f"skipped: {reason}"
    except CheckFailedError as problems:
        passed, outcome = False, f"FAILED\n{problems}"
    except Exception as error:
        # A tree that a check can't even read must not hide what the others say.
        passed, outcome = False, f"FAILED\n{type(error).__name__}: {error}"
    print(f"{name:<10} {time.monotonic() - started:5.1f} s  {outcome}", flush=True)
    return passed


def main(names: list[str]) -> int:
    """Make the named checks, or all, and return the exit status."""
    if unknown := [name for name in names if name not in CHECKS]:
        print(f"no such check: {', '.join(unknown)}; there are: {', '.join(CHECKS)}")
        return 2
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        passed = list(pool.map(report, names or CHECKS))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
