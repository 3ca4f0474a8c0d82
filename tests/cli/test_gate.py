"""`ai-gate session` and `ai-gate turn`, in a pipe."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest

from ai_gate.cli._failures import run
from ai_gate.cli._parser import COMMANDS, OPTIONS
from ai_gate.testing import MockGate

from .conftest import Command

REFUSALS = {
    (401, "unknown_project"): (1, "project"),
    (402, "quota_exceeded"): (3, "Upgrade: https://www.ai-gate.dev/pricing"),
    (429, "rate_limit"): (3, "Again at 2025-10-03 "),
    (429, "concurrent_limit"): (3, "live sessions"),
    (522, "cloudflare_522"): (4, "Cloudflare"),
}


def test_a_session_is_json_without_secrets(gate: MockGate, command: Command) -> None:
    result = command("session", "--voice", "marin")
    assert (result.status, result.err) == (0, "")
    assert result.json["voice"] == "marin"
    assert result.json["client_secret"]["value"] == "***"
    shown = command("session", "--show-secrets").json
    assert shown["client_secret"]["value"].startswith("ek_")


def test_what_a_session_is_told(gate: MockGate, command: Command, tmp_path: Path) -> None:
    path = tmp_path / "instructions.txt"
    # As Windows saves a text.
    path.write_text('Say: my password is "x"', "utf-8-sig")
    options = ["--instructions", f"@{path}", "--temperature", "0.2", "--model", "m"]
    result = command("session", *options, "--extra", "tools=[]", "--extra", "speed=1.5")
    assert result.status == 0
    sent = gate.received[0].json()
    del sent["project_id"]
    assert sent == {
        "model": "m",
        "voice": "echo",
        "temperature": 0.2,
        "instructions": 'Say: my password is "x"',
        "tools": [],
        "speed": 1.5,
    }
    # It is masked within a string of JSON, which stays JSON.
    assert "password" in result.json["instructions"]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal[1])
def test_a_refusal_is_one_line(refusal: tuple[int, str], gate: MockGate, command: Command) -> None:
    gate.respond_next(*refusal)
    status, words = REFUSALS[refusal]
    result = command("session")
    assert (result.status, result.out) == (status, "")
    assert result.err.count("\n") == 1
    assert words in result.err
    assert "(request " in result.err


def test_a_gate_that_is_not_there(command: Command) -> None:
    result = command("session", "--base-url", "http://127.0.0.1:1", "--debug")
    assert result.status == 4
    assert "ai-gate: httpx.ConnectError: " in result.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["session", "--project-id", ""], "AI_GATE_PROJECT_ID"),
        (["session", "--project-id", "\udcff"], "copy it again"),
        (["session", "--base-url", "ftp://x"], "base_url must be"),
        (["session", "--extra", "tools=["], "must be KEY=JSON"),
        (["session", "--extra", "=1"], "must be KEY=JSON"),
        (["session", "--instructions", "@/nowhere/file"], "can't be read"),
        (["session", "--temp", "1"], "unrecognized arguments: --temp"),
        (["call"], "Pass either --wav or --say"),
        (["call", "--wav", ""], "Pass either --wav or --say"),
        (["call", "--wav", "/nowhere/file"], "No such file"),
        (["nothing"], "invalid choice"),
    ],
)
def test_wrong_use_is_one_line(options: list[str], words: str, command: Command) -> None:
    result = command(*options)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert words in result.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["session", "s3cret"], "unrecognized arguments: ***"),
        (["session", "--", "s3cret s3cret"], "unrecognized arguments"),
        (["session", "--project=s3cret"], "--project=***"),
        (["session", "--project-ids3cret"], "unrecognized arguments"),
        (["session", "--json=s3cret"], "--json: "),
        (["session", "--timeout", "s3cret'\n"], "--timeout: "),
        (["session", "--extra", "client_secret=s3cret"], "texts in quotes"),
        (["session", "--extra", f"a={'[' * 100_000}"], "--extra: must be KEY=JSON"),
        (["completion", "s3cret"], "bash"),
        (["s3cret", "session"], "session"),
        (["mock", "--nonsense=s3cret"], "--nonsense=***"),
        (["mock", "--port", "s3cret"], "--port: must be a number"),
    ],
)
def test_wrong_use_shows_no_values(options: list[str], words: str, command: Command) -> None:
    result = command(*options)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert words in result.err
    assert "s3cret" not in result.err


def test_an_interruption_that_asyncio_forgets(capsys: pytest.CaptureFixture[str]) -> None:
    async def cancelled(*_: object) -> int:
        raise asyncio.CancelledError

    assert run(cancelled, Namespace(show_secrets=False, no_color=True)) == 130
    assert capsys.readouterr().err == "ai-gate: Interrupted.\n"


def test_turn_credentials_are_masked(command: Command) -> None:
    servers = [{"urls": ["turn:127.0.0.1:9"], "username": "long-name", "credential": "long-secret"}]
    with MockGate(ice_servers=servers) as gate:
        result = command("turn", "--base-url", gate.url)
        shown = command("turn", "--base-url", gate.url, "--show-secrets").json
        probed = command("turn", "--base-url", gate.url, "--probe")
    assert result.json["iceServers"] == [{**servers[0], "username": "***", "credential": "***"}]
    assert shown["iceServers"] == servers
    assert probed.status == 4
    (tried,) = probed.json["probe"]
    assert (tried["works"], tried["reason"]) == (False, "connection refused")


def test_the_mock_gate_has_a_command_line_of_its_own(command: Command) -> None:
    result = command("mock", "--nonsense")
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert result.err.startswith("ai-gate mock: ")
    assert "--nonsense" in result.err


def test_the_mock_gate_fails_as_the_command_that_runs_it(command: Command) -> None:
    result = command("mock", "--config", "/nowhere/file")
    assert result.status == 1
    assert result.err.startswith("ai-gate mock: ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell: str, command: Command) -> None:
    script = command("completion", shell).out
    assert all(name in script for name in COMMANDS)
    assert all(option.removeprefix("--") in script for option in OPTIONS)
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=script, text=True, check=True)
