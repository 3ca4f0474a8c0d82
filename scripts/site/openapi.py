"""A hook of MkDocs: a page with `openapi: FILE` in its head gets what that file describes.

It is plain Markdown, so that it can be searched, printed and read without a script. What others
have for this runs in a browser (Swagger UI, Redoc) or doesn't follow references to examples.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

METHODS = ("get", "post", "put", "patch", "delete")
Node = dict[str, Any]


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Add to a page what its OpenAPI document says."""
    name = page.meta.get("openapi")
    if not name:
        return markdown
    path = Path(config.config_file_path).parent / str(name)
    # JSON is YAML.
    return "\n".join([markdown, *Document(yaml.safe_load(path.read_text("utf-8"))).lines()])


class Document:
    """An OpenAPI document as lines of Markdown."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def lines(self) -> Iterator[str]:
        """The operations, then what they have in common."""
        for path, item in self._root["paths"].items():
            for method in METHODS:
                if method in item:
                    yield from self._operation(f"{method.upper()} {path}", item[method])
        if headers := self._root["components"].get("headers"):
            yield "\n## Headers of responses\n\n| header | type | what it is |\n| --- | --- | --- |"
            for name, header in headers.items():
                yield f"| `{name}` | {self._type(header['schema'])} | {cell(header)} |"
        yield "\n## Schemas"
        for name, schema in self._root["components"]["schemas"].items():
            yield from self._schema(name, schema)

    def _operation(self, line: str, operation: Node) -> Iterator[str]:
        yield f"\n## {operation['summary']}\n\n`{line}`\n\n{operation.get('description', '')}\n"
        if parameters := operation.get("parameters"):
            yield "| parameter | in | type | what it is |\n| --- | --- | --- | --- |"
            for one in map(self._resolved, parameters):
                kind = self._type(one["schema"])
                yield f"| `{one['name']}` | {one['in']} | {kind} | {cell(one)} |"
        if "requestBody" in operation:
            yield from self._body("Request", "", self._resolved(operation["requestBody"]))
        for status, response in operation["responses"].items():
            yield from self._body("Response", f" {status}", self._resolved(response))

    def _body(self, what: str, status: str, body: Node) -> Iterator[str]:
        yield f"\n**{what}{status}**{': ' if 'description' in body else ''}{cell(body)}"
        for media, content in body.get("content", {}).items():
            yield f"\n{self._type(content['schema'])}, as `{media}`\n"
            for name, reference in content.get("examples", {}).items():
                yield from example(name, self._resolved(reference))

    def _schema(self, name: str, schema: Node) -> Iterator[str]:
        yield f"\n### {name}\n\n{schema.get('description', '')}\n"
        yield "| field | type | what it is |\n| --- | --- | --- |"
        required = schema.get("required", ())
        for field, value in schema.get("properties", {}).items():
            always = ", always" if field in required else ""
            yield f"| `{field}` | {self._type(value)}{always} | {cell(value)}{default(value)} |"

    def _resolved(self, node: Node) -> Node:
        if "$ref" not in node:
            return node
        found: Any = self._root
        for key in node["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return self._resolved(found)

    def _type(self, schema: Node) -> str:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return " or ".join(map(self._type, choices))
        if values := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
            return " or ".join(f"`{json.dumps(value)}`" for value in values)
        kinds = schema.get("type", "anything")
        text = " or ".join([kinds] if isinstance(kinds, str) else kinds)
        return f"{text} of {self._type(schema['items'])}" if "items" in schema else text


def cell(node: Node) -> str:
    """The description of something in one line, for a table."""
    return " ".join(str(node.get("description", "")).split()).replace("|", "\\|")


def default(schema: Node) -> str:
    """What a field is if it isn't given."""
    return f" Default: `{json.dumps(schema['default'])}`." if "default" in schema else ""


def example(name: str, node: Node) -> Iterator[str]:
    """An example, folded up."""
    value = node["value"]
    is_text = isinstance(value, str)
    text = value.rstrip() if is_text else json.dumps(value, indent=2)
    yield f'??? example "{name}: {node.get("summary", "")}"\n'
    for line in (f"```{'html' if is_text else 'json'}", *text.splitlines(), "```"):
        yield f"    {line}"
    yield ""
