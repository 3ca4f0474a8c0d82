"""Compare the docstrings of the clients' methods with the parameters."""

import re
from collections.abc import Iterator
from pathlib import Path

import griffe

from scripts.checks import sources

STATED_DEFAULT = re.compile(r"\(default:\s*`(.*?)`", re.DOTALL)


def problems(root: Path, module: griffe.Module, method: griffe.Function) -> Iterator[str]:
    """Compare the documentation of a method's parameters with the parameters."""
    documented = _documented(method)
    place, name = sources.place(root, method), method.path.removeprefix("ai_gate.client.")
    parameters = [one for one in method.parameters if one.name not in ("self", "cls")]
    for unknown in documented.keys() - {one.name for one in parameters}:
        yield f"{place}: {name}(): the docstring has {unknown}, which is no parameter"
    for parameter in parameters:
        text = documented.get(parameter.name)
        if text is None:
            yield f"{place}: {name}(): the docstring lacks {parameter.name}"
        elif parameter.default is not None and is_named(parameter):
            default = sources.value(module, str(parameter.default))
            stated = STATED_DEFAULT.search(text)
            if stated is None or stated[1] != str(default):
                yield (
                    f"{place}: {name}(): the docstring of {parameter.name} must say "
                    f"(default: `{default}`)"
                )


def is_named(parameter: griffe.Parameter) -> bool:
    """Return False for `**options`, which griffe gives a default of its own."""
    return parameter.kind is not griffe.ParameterKind.var_keyword


def _documented(method: griffe.Function) -> dict[str, str]:
    owner = method.parent if method.name == "__init__" else method
    docstring = owner.docstring if owner else None
    sections = docstring.parse("google", warnings=False) if docstring else []
    return {
        parameter.name: parameter.description
        for section in sections
        if isinstance(section, griffe.DocstringSectionParameters)
        for parameter in section.value
    }
