"""The command `ai-gate`."""
