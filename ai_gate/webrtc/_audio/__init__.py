"""The audio of a call, in both directions."""
