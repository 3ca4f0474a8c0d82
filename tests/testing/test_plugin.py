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

    @pytest.mark.mock_gate(allow_violations=True)
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
    result = outcome(pytester, SUITE, "-p", "no:xdist", *WITHOUT_ASYNCIO, passed=4, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_bug_of_the_gate*"])
    result.stdout.fnmatch_lines(["*MockGateError: The mock gate broke openapi.yaml:*"])


WITHOUT_ASYNCIO = ("-p", "no:asyncio")
# Of the plugins that happen to be installed, it takes a second to load.
LIGHT = ("-W", "error", "-p", "no:cacheprovider", "-p", "no:schemathesis")


def outcome(pytester: pytest.Pytester, suite: str, *flags: str, **counts: int) -> pytest.RunResult:
    pytester.makepyfile(suite)
    result = pytester.runpytest_subprocess(*LIGHT, *(flags or WITHOUT_ASYNCIO))
    result.assert_outcomes(**counts)
    return result


CODE_UNDER_TEST = """
    import os
    import pytest
    from ai_gate import AIGateClient, ConcurrentLimitError

    urls = set()

    def create():
        with AIGateClient.from_env() as client:
            return client.create_session(model="gpt-realtime")

    @pytest.mark.parametrize("time", range(2))
    def test_its_own_client(mock_gate, time):
        assert os.environ["NO_PROXY"] in ("*", "example.com,127.0.0.1")
        for _ in range(5):
            create()
        assert mock_gate.sessions_created(os.environ["AI_GATE_PROJECT_ID"]) == 5
        urls.add(mock_gate.url)

    def test_one_server():
        assert len(urls) == 1

    @pytest.mark.mock_gate(concurrent=1, projects=["proj_a"])
    def test_marker(ai_gate_client, mock_gate):
        ai_gate_client.create_session(model="gpt-realtime")
        with pytest.raises(ConcurrentLimitError):
            create()
        assert mock_gate.sessions_created("proj_a") == 1

    @pytest.mark.mock_gate(port=0)
    def test_a_server_of_its_own(mock_gate):
        create()
        assert mock_gate.url not in urls

    def test_that_sets_the_environment_too(monkeypatch, mock_gate):
        monkeypatch.setenv("AI_GATE_BASE_URL", "http://gate.test")

    def test_the_environment_is_as_before():
        assert "AI_GATE_BASE_URL" not in os.environ
        assert os.environ["NO_PROXY"] in ("*", "example.com")
"""


@pytest.mark.parametrize("exceptions", ["example.com", "*"])
def test_code_that_makes_its_own_client(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, exceptions: str
) -> None:
    # Nothing listens there.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", exceptions)
    outcome(pytester, CODE_UNDER_TEST, passed=7)


SHARED = """
    import functools
    import pytest
    from ai_gate import AIGateClient

    shared = functools.cache(AIGateClient.from_env)

    @pytest.mark.parametrize("time", range(10))
    def test_one(mock_gate, time):
        for _ in range(2):
            shared().create_session(model="gpt-realtime")
        assert mock_gate.sessions_created() == 2

    def test_end():
        shared().close()
"""


def test_a_client_that_the_app_keeps(pytester: pytest.Pytester) -> None:
    outcome(pytester, SHARED, passed=11)


DOWN = """
    import pytest
    from ai_gate import APIConnectionError

    @pytest.mark.parametrize("time", range(2))
    def test_down_and_up(ai_gate_client, mock_gate, time):
        ai_gate_client.get_turn_credentials()
        mock_gate.close()
        with pytest.raises(APIConnectionError):
            ai_gate_client.get_turn_credentials()
        mock_gate.start()
        ai_gate_client.get_turn_credentials()
        assert len(mock_gate.received) == 2
"""


def test_the_gate_goes_down_and_comes_back(pytester: pytest.Pytester) -> None:
    outcome(pytester, DOWN, passed=2)


MARKER_ALONE = """
    import os
    import pytest
    from ai_gate import AIGateClient, ConcurrentLimitError

    @pytest.mark.mock_gate(concurrent=0)
    def test_marker():
        with AIGateClient.from_env() as client, pytest.raises(ConcurrentLimitError):
            client.create_session(model="gpt-realtime")

    def test_no_marker(request):
        assert "AI_GATE_BASE_URL" not in os.environ
        assert "mock_gate" not in request.fixturenames

    @pytest.mark.mock_gate(None)
    def test_no_name():
        pass
"""


def test_the_marker_alone_brings_the_gate(pytester: pytest.Pytester) -> None:
    result = outcome(pytester, MARKER_ALONE, passed=2, errors=1)
    result.stdout.fnmatch_lines(["*TypeError: the marker mock_gate takes no arguments without*"])


def test_under_xdist(pytester: pytest.Pytester) -> None:
    suite = """
        import pytest

        @pytest.mark.parametrize("time", range(8))
        def test_one(ai_gate_client, mock_gate, time):
            ai_gate_client.create_session(model="gpt-realtime")
            assert len(mock_gate.received) == 1
    """
    outcome(pytester, suite, "-n", "2", *WITHOUT_ASYNCIO, passed=8)


VIOLATION = """
    import httpx

    def test_it(mock_gate):
        httpx.get(f"{mock_gate.url}/turn-credentials", trust_env=False)
"""


def test_a_bad_request_fails_the_test(pytester: pytest.Pytester) -> None:
    result = outcome(pytester, VIOLATION, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: What departed from openapi.yaml:*"])


ASYNC = """
    import pytest

    {marks}
    async def test_one(async_ai_gate_client, mock_gate):
        session = await async_ai_gate_client.create_session(model="gpt-realtime")
        assert session["model"] == "gpt-realtime"
        assert mock_gate.sessions_created() == 1

    class TestMethods:
        {marks}
        @pytest.mark.parametrize("time", range(2))
        async def test_two(self, async_ai_gate_client, time):
            await async_ai_gate_client.get_turn_credentials()
"""


@pytest.mark.parametrize(
    ("mark", "flags", "passed"),
    [
        ("asyncio", ("-o", "asyncio_default_fixture_loop_scope=function"), 3),
        ("anyio", WITHOUT_ASYNCIO, 6),
    ],
)
def test_async_clients(
    pytester: pytest.Pytester, mark: str, flags: tuple[str, ...], passed: int
) -> None:
    suite = ASYNC.format(marks=f"@pytest.mark.{mark}")
    outcome(pytester, suite, "-p", "no:xdist", *flags, passed=passed)
