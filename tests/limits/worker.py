"""A worker of a fleet, as a command: it prints what its calls came to."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Any

from ai_gate import AIGateClient, AIGateError
from ai_gate.limits import Limiter

PROJECT = "proj_test7secret"


def outcomes(client: AIGateClient, until: float, calls: int | None = None) -> Counter[str]:
    """Make calls until the moment, or so many; count what they came to."""
    counts: Counter[str] = Counter()
    while time.time() < until and counts.total() != calls:
        try:
            client.get_turn_credentials()
            counts["made"] += 1
        except AIGateError as error:
            counts[f"{error.status_code} {'sent' if error.sent else 'refused'}"] += 1
            if not error.sent:
                break
    return counts


def main(order: dict[str, Any]) -> None:
    """Say that this worker is ready, wait for a line, make calls, print what came of them."""
    limiter = Limiter(order["store"], **order["limits"]) if order["store"] else None
    options = {"timeout": order["timeout"], "max_retries": 0, "limiter": limiter}
    with AIGateClient(PROJECT, order["url"], **options) as client:
        with AIGateClient(PROJECT, "http://127.0.0.1:9", max_retries=0) as nowhere:
            # What the first call of a process imports isn't to be waited for.
            outcomes(nowhere, time.time() + 60, calls=1)
        print("ready", flush=True)
        until = float(sys.stdin.readline())
        print(json.dumps(outcomes(client, until, order["calls"])), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
