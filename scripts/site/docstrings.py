"""An extension of griffe, with which mkdocstrings reads the SDK: what it would show otherwise.

- `Example:` in a docstring is the section that griffe calls `Examples:`. Under any other name than
  that it would be an admonition, and `>>>` in it a quotation.
- A default that is a constant, as `DEFAULT_TIMEOUT`, is shown as its value.
"""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Changes every object of the package once all of it is read."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Change the objects of the package."""
        self._change(pkg)

    def _change(self, thing: griffe.Object) -> None:
        if thing.docstring:
            thing.docstring.value = EXAMPLE.sub("Examples:", thing.docstring.value)
        if isinstance(thing, griffe.Function):
            for parameter in thing.parameters:
                parameter.default = _value(thing.module, parameter.default)
        for member in thing.members.values():
            if isinstance(member, griffe.Object):
                self._change(member)


def _value(module: griffe.Module, default: str | griffe.Expr | None) -> str | griffe.Expr | None:
    constant = module.members.get(str(default))
    if isinstance(constant, griffe.Alias):
        constant = constant.final_target
    return constant.value if isinstance(constant, griffe.Attribute) else default
