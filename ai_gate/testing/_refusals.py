"""The documented answers to a project that has reached a limit, with that project's numbers."""

import math
from typing import Any

from ai_gate.testing._clock import isoformat
from ai_gate.testing._contract import Contract
from ai_gate.testing._limits import Plan, Refusal, Usage
from ai_gate.testing._response import Answer, json_answer

UNKNOWN = {"estimatedMinutes", "minutesUsed"}
"""What the mock gate can't tell of a project's usage, since it sees no session's activity."""


def rate_limit_headers(plan: Plan, usage: Usage) -> dict[str, str]:
    """Make the headers that tell a project of its window."""
    if plan.requests is None:
        return {}
    return {
        "X-RateLimit-Limit": str(plan.requests),
        "X-RateLimit-Remaining": str(max(0, plan.requests - usage.requests)),
        "X-RateLimit-Reset": str(math.ceil(usage.window_end)),
    }


def refusal_answer(
    contract: Contract, plan: Plan, usage: Usage, refusal: Refusal, now: float
) -> Answer:
    """Refuse a request for the limit that it met."""
    headers = rate_limit_headers(plan, usage)
    if refusal is Refusal.REQUESTS:
        headers["Retry-After"] = str(math.ceil(usage.window_end - now))
        return json_answer(429, _rate_limit_body(contract, plan, usage), headers)
    if refusal is Refusal.QUOTA:
        return json_answer(402, _quota_body(contract, plan, usage), headers)
    return json_answer(429, _concurrent_body(contract, plan, usage), headers)


def _rate_limit_body(contract: Contract, plan: Plan, usage: Usage) -> dict[str, Any]:
    return {
        **contract.example("rate_limit"),
        "limit": plan.requests,
        "resetAt": isoformat(math.ceil(usage.window_end)),
    }


def _quota_body(contract: Contract, plan: Plan, usage: Usage) -> dict[str, Any]:
    template = contract.example("quota_exceeded")
    usage_shown = {name: value for name, value in template["usage"].items() if name not in UNKNOWN}
    return {
        **template,
        "message": f"The monthly quota of {plan.quota} sessions is used up",
        "usage": {
            **usage_shown,
            "sessionsIncluded": plan.quota,
            "sessionsUsed": usage.month_sessions,
            "sessionsRemaining": 0,
            "percentUsed": 100,
        },
    }


def _concurrent_body(contract: Contract, plan: Plan, usage: Usage) -> dict[str, Any]:
    return {
        **contract.example("concurrent_limit"),
        "current": usage.live_sessions,
        "max": plan.concurrent,
    }
