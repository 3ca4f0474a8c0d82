"""The pytest plugin, as the suites of users meet it."""

import pytest

pytest_plugins = ["pytester"]

# One process, and one for each of two workers, for all suites.
FLAGS = (
    *("-W", "error", "-n", "2", "--dist", "loadfile"),
    *("-o", "asyncio_default_fixture_loop_scope=function"),
    # Those of the plugins that happen to be installed which take long to load.
    *(f"-pno:{name}" for name in ("cacheprovider", "hypothesispytest", "pook", "pytest_httpx")),
    *(f"-pno:{name}" for name in ("recording", "respx", "schemathesis", "socket")),
)
SUITES = {
    "test_gate": """
        import httpx
        import pytest
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

        def test_bad_request(mock_gate):
            httpx.get(f"{mock_gate.url}/turn-credentials", trust_env=False)

        def test_bug_of_the_gate(mock_gate, monkeypatch):
            monkeypatch.setattr(mock_gate._router, "_routes", {
                "/health": {"GET": lambda _: json_response(200, {})}
            })
            httpx.get(f"{mock_gate.url}/health", trust_env=False)
    """,
    "test_app": """
        import os
        import pytest
        from ai_gate import AIGateClient, ConcurrentLimitError

        urls = set()

        @pytest.fixture(autouse=True, scope="module", params=["example.com", "*"])
        def environment(request):
            with pytest.MonkeyPatch.context() as patch:
                # Nothing listens there.
                for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
                    patch.setenv(name, "http://127.0.0.1:9")
                patch.setenv("NO_PROXY", request.param)
                yield

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
    """,
    "test_environment": """
        import os

        def environment():
            return {name: os.environ[name] for name in os.environ if name[:6] != "PYTEST"}

        before = environment()

        def test_that_sets_it_too(monkeypatch, mock_gate):
            assert environment() != before
            for name in ("AI_GATE_BASE_URL", "AI_GATE_PROJECT_ID", "NO_PROXY"):
                monkeypatch.setenv(name, "gate.test")

        def test_it_is_as_before():
            assert environment() == before
    """,
    "test_shared": """
        import functools
        import pytest
        from ai_gate import AIGateClient

        shared = functools.cache(AIGateClient.from_env)

        @pytest.mark.parametrize("time", range(10))
        def test_a_client_that_the_app_keeps(mock_gate, time):
            for _ in range(2):
                shared().create_session(model="gpt-realtime")
            assert mock_gate.sessions_created() == 2

        def test_end():
            shared().close()
    """,
    "test_session": """
        import pytest
        from ai_gate import AIGateClient

        @pytest.fixture(scope="session")
        def client(mock_gate_url):
            with AIGateClient("proj_test", base_url=mock_gate_url) as client:
                yield client

        @pytest.mark.parametrize("time", range(2))
        def test_a_client_that_is_made_once(client, mock_gate, time):
            client.create_session(model="gpt-realtime")
            assert mock_gate.sessions_created() == 1
    """,
    "test_down": """
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
    """,
    "test_marker": """
        import os
        import unittest
        import pytest
        from ai_gate import AIGateClient, ConcurrentLimitError

        @pytest.mark.mock_gate(concurrent=0)
        def test_marker():
            with AIGateClient.from_env() as client, pytest.raises(ConcurrentLimitError):
                client.create_session(model="gpt-realtime")

        @pytest.mark.mock_gate(concurrent=0)
        class TestCase(unittest.TestCase):
            def test_marker(self):
                test_marker()

        def test_no_marker(request):
            assert "AI_GATE_BASE_URL" not in os.environ
            assert "mock_gate" not in request.fixturenames

        @pytest.mark.mock_gate(None)
        def test_no_name():
            pass
    """,
    "test_async": """
        import asyncio
        import gc
        import pytest

        @pytest.mark.asyncio
        async def test_asyncio(async_ai_gate_client, mock_gate):
            await async_ai_gate_client.create_session(model="gpt-realtime")
            assert mock_gate.sessions_created() == 1

        @pytest.mark.anyio
        async def test_anyio(async_ai_gate_client, mock_gate):
            await async_ai_gate_client.create_session(model="gpt-realtime")
            assert mock_gate.sessions_created() == 1

        @pytest.mark.parametrize("time", range(2))
        class TestMethods:
            @pytest.mark.asyncio
            async def test_asyncio(self, async_ai_gate_client, time):
                await async_ai_gate_client.get_turn_credentials()

            @pytest.mark.anyio
            async def test_anyio(self, async_ai_gate_client, time):
                await async_ai_gate_client.get_turn_credentials()

        def test_a_loop_of_its_own(async_ai_gate_client):
            async def call():
                await async_ai_gate_client.get_turn_credentials()

            asyncio.run(call())

        def test_nothing_is_left():
            gc.collect()
    """,
}


def test_suites_of_users(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**SUITES)
    result = pytester.runpytest_subprocess(*FLAGS)
    result.assert_outcomes(passed=45, failed=1, errors=2)
    for line in (
        "FAILED test_gate.py::test_bad_request - *",
        "*AssertionError: What departed from openapi.yaml:*",
        "*ERROR at teardown of test_bug_of_the_gate*",
        "*MockGateError: The mock gate broke openapi.yaml:*",
        "*TypeError: the marker mock_gate takes no arguments without a name*",
    ):
        result.stdout.fnmatch_lines([line])
