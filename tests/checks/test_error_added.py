"""An error code or status that is added with an example becomes a contract test by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import generate

from .tree import ROOT, Replace

YAML = "openapi.yaml"
RESPONSE = """\
    Forbidden:
      description: The project is suspended.
      headers:
        CF-Ray:
          $ref: "#/components/headers/CF-Ray"
      content:
        application/json:
          schema:
            $ref: "#/components/schemas/ErrorResponse"
          examples:
            project_suspended:
              $ref: "#/components/examples/project_suspended"
"""
EXAMPLES = """\
    project_suspended:
      summary: The project is suspended
      value:
        error: project_suspended
        message: The project is suspended
    card_expired:
      summary: The plan can't be paid
      value:
        error: card_expired
        message: The card has expired
        usage:
          plan: growth
          sessionsUsed: 7
        upgrade_url: https://www.ai-gate.dev/pricing
"""
QUOTA = "            quota_exceeded:\n"
CARD_EXPIRED = '              $ref: "#/components/examples/card_expired"\n'
STATUS_AND_CODE = [
    Replace(
        YAML,
        '        "402":\n',
        '        "403":\n          $ref: "#/components/responses/Forbidden"\n        "402":\n',
    ),
    Replace(YAML, "    RequestLimit:\n", f"{RESPONSE}    RequestLimit:\n"),
    Replace(
        YAML,
        QUOTA,
        f"{QUOTA.replace('quota_exceeded', 'card_expired')}{CARD_EXPIRED}{QUOTA}",
    ),
    Replace(
        YAML,
        "    invalid_request:\n      summary",
        f"{EXAMPLES}    invalid_request:\n      summary",
    ),
]
ADDED = {
    f"test_error[{caller}-create_session-{answer}]"
    for caller in ("sync", "asyncio", "trio")
    for answer in ("403-project_suspended", "402-card_expired")
}


def contract_tests(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the contract's tests of errors in a tree, with its own package."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *options],
        cwd=tree,
        env={
            **os.environ,
            "PYTHONPATH": f"{tree}{os.pathsep}{tree / 'generated'}",
            "PYTEST_ADDOPTS": "",
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_it_is_tested_through_every_client(tree: Path) -> None:
    for folder in ("contract", "support"):
        shutil.rmtree(tree / "tests" / folder)
        shutil.copytree(ROOT / "tests" / folder, tree / "tests" / folder)
    for edit in STATUS_AND_CODE:
        edit.apply(tree)
    generate.main(tree)
    result = contract_tests(
        tree, "tests/contract/test_answers.py", "-k", "project_suspended or card_expired"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert set(re.findall(r"::(test_error\[\S+) PASSED", result.stdout)) == ADDED
