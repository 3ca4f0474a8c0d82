"""The blocks that say how something is called, held against what is there."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest

from ai_gate import AIGateClient, AsyncAIGateClient

from .kinds import Kind, signature
from .markdown import Block
from .pages import PRODUCT_BLOCKS, README_BLOCKS, of_kind, parameters

README = of_kind(README_BLOCKS, Kind.SIGNATURE)
PRODUCT = of_kind(PRODUCT_BLOCKS, Kind.SIGNATURE)

Shape = list[tuple[str, Any, Any]]


def documented(block: Block) -> ast.FunctionDef:
    """The signature in a block."""
    found = signature(block.code)
    assert found is not None
    return found


def documented_shape(function: ast.FunctionDef) -> Shape:
    """Names, kinds and defaults of the documented parameters."""
    arguments = function.args
    assert not any((arguments.posonlyargs, arguments.vararg, arguments.kwarg))
    required = len(arguments.args) - len(arguments.defaults)
    defaults = [None] * required + list(arguments.defaults)
    by_place = inspect.Parameter.POSITIONAL_OR_KEYWORD
    by_name = inspect.Parameter.KEYWORD_ONLY
    return [
        *(
            (arg.arg, by_place, _value(node))
            for arg, node in zip(arguments.args, defaults, strict=True)
        ),
        *(
            (arg.arg, by_name, _value(node))
            for arg, node in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ),
    ]


def _value(default: ast.expr | None) -> Any:
    return inspect.Parameter.empty if default is None else ast.literal_eval(default)


def actual(name: str, client: type) -> Any:
    """What a documented signature is of: the client's class or one of its methods."""
    return client if name == "AIGateClient" else getattr(client, name)


def actual_shape(target: Any) -> Shape:
    """Names, kinds and defaults of the parameters there are."""
    found = inspect.signature(target).parameters.values()
    return [(one.name, one.kind, one.default) for one in found if one.name != "self"]


@pytest.mark.parametrize("client", [AIGateClient, AsyncAIGateClient])
@pytest.mark.parametrize("block", parameters(README, PRODUCT), ids=str)
def test_parameters(block: Block, client: type) -> None:
    function = documented(block)
    wanted, there = documented_shape(function), actual_shape(actual(function.name, client))
    assert there[: len(wanted)] == wanted
    further = there[len(wanted) :]
    assert all(kind is inspect.Parameter.KEYWORD_ONLY for _, kind, _ in further)
    # The README is the whole reference; the product page may leave out what is further.
    assert block in PRODUCT or not further


@pytest.mark.parametrize("client", [AIGateClient, AsyncAIGateClient])
@pytest.mark.parametrize("block", parameters(README, PRODUCT), ids=str)
def test_result(block: Block, client: type) -> None:
    function = documented(block)
    target = actual(function.name, client)
    result = None if target is client else inspect.signature(target).return_annotation
    wanted = None if function.returns is None else ast.unparse(function.returns)
    assert wanted in (getattr(result, "__name__", None), str(result))
    assert inspect.iscoroutinefunction(target) == (
        client is AsyncAIGateClient and target is not client
    )


@pytest.mark.parametrize("page", parameters([README], [PRODUCT]))  # type: ignore[list-item]
def test_every_method_is_documented(page: list[Block]) -> None:
    names = {documented(block).name for block in page}
    assert names == {"AIGateClient", "create_session", "get_turn_credentials", "close"}
