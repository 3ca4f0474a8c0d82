"""`python -m ai_gate`: the command `ai-gate`."""

import sys

from ai_gate.cli import main

if __name__ == "__main__":
    sys.exit(main())
