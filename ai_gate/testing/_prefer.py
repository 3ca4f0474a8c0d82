"""The request header `Prefer: code=429, example=rate_limit`, as Prism reads it."""

import re

from ai_gate.testing._contract import ContractError
from ai_gate.testing._examples import Pick


def parse_prefer(header: str) -> Pick | None:
    """Read which documented answer is preferred; None where the header doesn't ask for one.

    Other preferences are ignored, and of one that is repeated the first counts (RFC 7240).
    ContractError where the code is no status.
    """
    preferences: dict[str, str] = {}
    for preference in re.split("[,;]", header):
        name, _, value = preference.partition("=")
        preferences.setdefault(name.strip().lower(), value.strip().strip('"'))
    code, example = preferences.get("code"), preferences.get("example")
    if code is None and example is None:
        return None
    if code is not None and not re.fullmatch("[0-9]{3}", code):
        raise ContractError("the preferred code must be a status of three digits")
    return Pick(int(code) if code is not None else None, example)
