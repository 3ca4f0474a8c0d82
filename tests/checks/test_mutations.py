"""Each change of the table, and the check that must catch it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ai_gate import __version__
from scripts.check import CHECKS
from scripts.checks import CheckFailedError, CheckSkippedError, facade

from .conftest import Pristine
from .contract_mutations import CONTRACT
from .project_mutations import PROJECT
from .spec_mutations import OPERATION_ADDED, SPEC
from .tree import Mutation, Replace

TABLE: list[Mutation] = [*SPEC, *CONTRACT, *PROJECT]


@pytest.mark.parametrize("mutation", TABLE, ids=str)
def test_caught(mutation: Mutation, pristine: Pristine) -> None:
    pristine.require(mutation.check)
    with pristine.changed(mutation) as expected, pytest.raises(CheckFailedError) as caught:
        make(mutation.check, pristine.root)
    assert [text for text in expected if text not in str(caught.value)] == [], caught.value


def make(check: str, root: Path) -> None:
    """Make a check, or skip the test if the check can't be made here."""
    try:
        CHECKS[check](root)
    except CheckSkippedError as reason:
        pytest.skip(str(reason))


def test_every_check_is_tripped() -> None:
    assert {mutation.check for mutation in TABLE} == set(CHECKS)


def test_every_mutation_is_another_and_says_something() -> None:
    assert [name for name, count in Counter(map(str, TABLE)).items() if count > 1] == []
    assert all(mutation.edits and all(mutation.says) and mutation.says for mutation in TABLE)


def test_an_operation_that_is_deliberately_not_offered(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    OPERATION_ADDED.apply(tree)
    monkeypatch.setattr(facade, "NOT_OFFERED", facade.NOT_OFFERED | {"listModels"})
    CHECKS["facade"](tree)
    monkeypatch.setattr(facade, "NOT_OFFERED", frozenset[str]())
    with pytest.raises(CheckFailedError, match=r"AIGateClient lacks get_health\(\)"):
        CHECKS["facade"](tree)


def test_constructors_of_what_the_sdk_makes_are_no_public_api(tree: Path) -> None:
    Replace(
        "ai_gate/webrtc/call.py", "close_timeout: float,\n    ) -> None:", "\n    ) -> None:"
    ).apply(tree)
    CHECKS["public_api"](tree)


def test_a_tag_of_another_version(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELEASE", f"v{__version__}")
    CHECKS["release"](tree)
    monkeypatch.setenv("RELEASE", "v9.0.0")
    with pytest.raises(CheckFailedError, match=r"the tag is v9.0.0, the version "):
        CHECKS["release"](tree)
