"""`ai-gate completion`: what a shell evaluates to complete the command line."""

import sys
from argparse import Namespace

from ai_gate.cli._console import Console
from ai_gate.cli._parser import parser


def run(options: Namespace, console: Console) -> int:
    """Print the completion of a shell."""
    try:
        import shtab  # noqa: PLC0415
    except ImportError:
        raise ImportError(
            'Completion needs shtab, which is not installed: pip install "ai-gate[cli]"'
        ) from None
    sys.stdout.write(shtab.complete(parser(), shell=options.shell) + "\n")
    return 0
