"""How many examples the property-based tests try: the same ones in each run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

modest = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
