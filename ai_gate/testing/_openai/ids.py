"""IDs in the manner of OpenAI's."""

import secrets


def new_id(prefix: str) -> str:
    """Make an ID that there was never before, for example `item_5f0c...`."""
    return f"{prefix}_{secrets.token_hex(10)}"
