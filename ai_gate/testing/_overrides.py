"""Fields of successes that say something else than the gate would."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ai_gate.testing._faults.catalog import whole
from ai_gate.testing._response import Response, encode_json


@dataclass(frozen=True)
class Override:
    """What fields say, by their paths, and whether the spec must allow it."""

    fields: Mapping[str, Any]
    is_checked: bool

    def apply(self, value: Any, *, is_strict: bool = False) -> Any:
        """Return a copy of a value with these fields, as far as it has places for them.

        Raises:
            ValueError: It is strict, and there is no place for one.
        """
        for path, new in self.fields.items():
            try:
                value = _with_field(value, path, new)
            except LookupError as error:
                if is_strict:
                    raise ValueError(f"the response has no {path}") from error
        return value


def overridden(response: Response, overrides: Sequence[Override]) -> Response:
    """Return a success with what fields were told to say.

    What was asked for can have left no place for one of them: turn_detection can be null.
    """
    if not overrides:
        return response
    value = json.loads(response.body)
    for override in overrides:
        value = override.apply(value)
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
