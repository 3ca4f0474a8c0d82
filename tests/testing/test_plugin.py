"""The pytest plugin, as a user's test suite meets it."""

import pytest

pytest_plugins = ["pytester"]

SUITE = """
    import httpx
    import pytest
    from ai_gate.testing._operations import Operations
    from ai_gate.testing._response import json_response

    @pytest.mark.parametrize("time", range(2))
    def test_each_test_has_a_fresh_gate(mock_gate, time):
        answers = [
            httpx.post(f"{mock_gate.url}/session", json={"project_id": "p"}, trust_env=False)
            for _ in range(6)
        ]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]

    def test_bad_requests_are_kept(mock_gate):
        httpx.get(f"{mock_gate.url}/nowhere", trust_env=False)
        assert len(mock_gate.violations) == 1

    def test_bug_of_the_gate(mock_gate, monkeypatch):
        monkeypatch.setattr(mock_gate._router, "_routes", {
            "/health": {"GET": lambda _: json_response(200, {})}
        })
        httpx.get(f"{mock_gate.url}/health", trust_env=False)
"""


def test_fixture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess(
        "-W", "error", "-p", "no:xdist", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_bug_of_the_gate*"])
    result.stdout.fnmatch_lines(["*MockGateError: The mock gate broke openapi.yaml:*"])
