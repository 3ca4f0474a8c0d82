"""The modules of the command `ai-gate`."""

from pathlib import Path

import ai_gate.cli

modules = [path.stem for path in Path(ai_gate.cli.__path__[0]).glob("[a-z]*.py")]
hiddenimports = ["ai_gate.testing.__main__", "shtab", *(f"ai_gate.cli.{name}" for name in modules)]
