"""How the two versions are found and read."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.spec_diff.documents import UnreadableError, of_revision, of_work_tree, parse
from tests.spec_diff.repository import commit, git
from tests.spec_diff.spec import SCHEMAS, SPEC, TEXT

OTHER = TEXT.replace(b"title: AI Gate API", b"title: Another API")


@pytest.fixture(autouse=True)
def no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"):
        monkeypatch.delenv(variable, raising=False)


def title(document: dict[str, Any]) -> str:
    return str(document["info"]["title"])


def test_revisions_and_work_tree(tmp_path: Path) -> None:
    first = commit(tmp_path, TEXT)
    git(tmp_path, "tag", "--annotate", "--message", "first", "v1")
    commit(tmp_path, OTHER)
    (tmp_path / "openapi.yaml").write_bytes(OTHER.replace(b"Another", b"A third"))
    for base in (first, first[:8], "v1", "HEAD~1"):
        assert title(of_revision(tmp_path, base)) == "AI Gate API"
    assert title(of_revision(tmp_path, "HEAD")) == "Another API"
    assert title(of_work_tree(tmp_path)) == "A third API"


def test_tree_in_a_folder_of_a_repository(tmp_path: Path) -> None:
    commit(tmp_path, TEXT)
    commit(tmp_path, OTHER, "sdk/openapi.yaml")
    assert title(of_revision(tmp_path / "sdk", "HEAD")) == "Another API"


@pytest.mark.parametrize(
    "base", ["nope", "--since=now", "HEAD~9", "HEAD:openapi.yaml", "HEAD..HEAD"]
)
def test_no_such_revision(tmp_path: Path, base: str) -> None:
    commit(tmp_path, TEXT)
    with pytest.raises(UnreadableError, match=f"^git knows no revision '{base}': fatal: "):
        of_revision(tmp_path, base)


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UnreadableError, match="not a git repository"):
        of_revision(tmp_path, "HEAD")


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreadableError, match="git can't be run: No such file"):
        of_revision(tmp_path, "HEAD")


def test_revision_without_a_spec(tmp_path: Path) -> None:
    commit(tmp_path, b"", "README.md")
    with pytest.raises(UnreadableError, match=r"^there is no openapi\.yaml in HEAD: fatal: "):
        of_revision(tmp_path, "HEAD")


def test_work_tree_without_a_spec(tmp_path: Path) -> None:
    message = r"^there is no openapi\.yaml in the work tree: No such file"
    with pytest.raises(UnreadableError, match=message):
        of_work_tree(tmp_path)


def test_the_message_names_the_version(tmp_path: Path) -> None:
    commit(tmp_path, b"a: [")
    with pytest.raises(UnreadableError, match=r"^openapi\.yaml of HEAD can't be read as YAML: "):
        of_revision(tmp_path, "HEAD")
    with pytest.raises(UnreadableError, match=r"^openapi\.yaml of the work tree can't be read"):
        of_work_tree(tmp_path)


@pytest.mark.parametrize(
    "text",
    [b"a: [", b"\xff", b"a: 1\na: 2\n", b"a: &a [*a]\n", b"a: !x 1", b"a: 1\n---\nb: 2\n"],
    ids=str,
)
def test_no_yaml(text: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"^it can't be read as YAML: "):
        parse(text, "it")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "#/: null is not of type"),
        (b"[]", r"#/: \[\] is not of type"),
        (TEXT.replace(b"openapi: 3.1.0", b"openapi: 3.0.3"), '#/openapi: "3.0.3" does not match'),
        (b"openapi: 3.1.0", '"info" is a required property'),
    ],
    ids=["nothing", "list", "version", "info"],
)
def test_no_openapi(text: bytes, problem: str) -> None:
    with pytest.raises(UnreadableError, match=f"^it isn't OpenAPI 3.1: .*{problem}"):
        parse(text, "it")


@pytest.mark.parametrize(
    ("pointer", "value", "problem"),
    [
        ("properties/x", {"$ref": f"#/{SCHEMAS}/Nowhere"}, "PointerToNowhere"),
        ("properties/x", {"$ref": "other.yaml#/x"}, "Unresolvable: other.yaml"),
        ("properties/x", {"$ref": f"#/{SCHEMAS}/Usage/properties/x"}, "a \\$ref leads in a circle"),
        ("properties", ["x"], "'x' is not of type"),
        ("required", "plan", "#/required: 'plan' is not of type 'array'"),
    ],
)
def test_broken_schema(pointer: str, value: Any, problem: str) -> None:
    broken = json.loads(json.dumps(SPEC))
    node = broken["components"]["schemas"]["Usage"]
    *parents, last = pointer.split("/")
    for part in parents:
        node = node[part]
    node[last] = value
    with pytest.raises(UnreadableError, match=f"^it isn't OpenAPI 3.1: .*{problem}"):
        parse(json.dumps(broken).encode(), "it")


def test_bare_statuses_are_strings() -> None:
    text = TEXT.replace(b"'200':", b"200:")
    assert text != TEXT
    assert parse(text, "it") == parse(TEXT, "it")
