"""Fields of successes that say something else than the gate would."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ai_gate.testing._faults.catalog import whole
from ai_gate.testing._response import Response, encode_json


@dataclass(frozen=True)
class Override:
    """What a field says, by its path, and whether the spec must allow it."""

    path: str
    value: Any
    is_checked: bool


def overridden(
    response: Response, overrides: Sequence[Override], *, is_strict: bool = False
) -> Response:
    """Return a success with what fields were told to say.

    What was asked for can have left no place for one of them: turn_detection can be null.

    Raises:
        ValueError: It is strict, and there is no place for one.
    """
    if not overrides:
        return response
    value = json.loads(response.body)
    for override in overrides:
        try:
            value = _with_field(value, override.path, override.value)
        except LookupError as error:
            if is_strict:
                raise ValueError(f"the response has no {override.path}") from error
    # What the spec doesn't allow stays so, whatever else is said.
    script = response.script if all(it.is_checked for it in overrides) else whole
    return replace(response, body=encode_json(value), script=script)


def _with_field(value: Any, path: str, new: Any) -> Any:
    """Return a copy of a JSON value with something else at a path such as `a.0.b`.

    Raises:
        LookupError: There is no such place.
    """
    first, _, rest = path.partition(".")
    if isinstance(value, dict):
        return {**value, first: _with_field(value[first], rest, new) if rest else new}
    if isinstance(value, list) and first.isdecimal() and int(first) < len(value):
        index = int(first)
        item = _with_field(value[index], rest, new) if rest else new
        return [*value[:index], item, *value[index + 1 :]]
    raise LookupError(path)
