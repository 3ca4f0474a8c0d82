"""The processes that are measured: what they find around them, and how they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import processes
from benchmarks.failure import WorkerError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name in ("PYTHONDEVMODE", "PYTHONASYNCIODEBUG", "OPENAI_LOG", "HTTPS_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return processes.environment(tmp_path, tmp_path / "trusted.pem")


def test_nobody_pays_for_the_environment(env: dict[str, str]) -> None:
    kept = {"PYTHONPATH", "PYTHONPYCACHEPREFIX"}
    assert {name for name in env if name.startswith(("PYTHON", "OPENAI_"))} == kept
    assert [name for name in env if name.lower().endswith("_proxy")] == []


def test_all_import_the_sdk_from_this_tree(env: dict[str, str]) -> None:
    code = "import ai_gate, ai_gate_api; print(ai_gate.__file__, ai_gate_api.__file__)"
    ours, generated = processes.run("ai-gate", code, env).split()
    assert Path(ours).parents[1] == ROOT
    assert Path(generated).parents[1] == ROOT / "generated"


def test_a_script_that_fails_names_its_contender(env: dict[str, str]) -> None:
    with pytest.raises(WorkerError, match="openai") as caught:
        processes.cpu_of("openai", "raise SystemExit(3)", env)
    assert caught.value.who == "openai"


def test_a_worker_that_has_ended_is_no_broken_pipe(env: dict[str, str]) -> None:
    arguments = ("benchmarks.worker", "no such job", "", "")
    with processes.module(env, *arguments) as process:
        process.wait()
        with pytest.raises(WorkerError) as caught:
            processes.tell(process, "httpx", "{}")
    assert caught.value.who == "httpx"
