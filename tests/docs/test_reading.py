"""That no block is lost or taken for something else on the way to its test."""

from __future__ import annotations

import pytest

from .kinds import Kind, kind
from .markdown import blocks

PAGE = """\
# One

```python
print("# not a heading")
```

## Two `things`

  ```text
  indented
    more
  ```

```
bare
```
"""

KINDS = {
    "from ai_gate import AIGateClient\nclient = AIGateClient('p')\n": Kind.PROGRAM,
    "import os\nprint([x for x in os.environ])\n": Kind.PROGRAM,
    "async def main():\n    later()\n\ndef later(): ...\n": Kind.PROGRAM,
    "session = client.create_session()\nprint(session)\n": Kind.FRAGMENT,
    "def use():\n    return client.close()\n": Kind.FRAGMENT,
    "close() -> None\n": Kind.SIGNATURE,
    "create_session(\n    model: str = 'm',\n) -> SessionResponse\n": Kind.SIGNATURE,
    "print()\n": Kind.PROGRAM,
    "AIGateClient(project_id: str, *, max_retries: int = 2)\n": Kind.SIGNATURE,
}
UNCLASSIFIABLE = [
    "session = gate.create_session()\n",
    "print(client, session)\n",
    "def use():\n    return session\n",
    "class\n",
    "$ pip install ai-gate\n",
    "client.close() -> None\n",
]


def test_blocks() -> None:
    found = [(block.heading, block.line, block.language, block.code) for block in blocks("p", PAGE)]
    assert found == [
        ("One", 3, "python", 'print("# not a heading")\n'),
        ("Two `things`", 9, "text", "indented\n  more\n"),
        ("Two `things`", 14, "", "bare\n"),
    ]
    assert [str(block) for block in blocks("p", PAGE)] == [
        "p-one-3",
        "p-two-things-9",
        "p-two-things-14",
    ]


@pytest.mark.parametrize("text", ["```python\nx = 1\n", "```python title\n```\n", "````\n````\n"])
def test_a_fence_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=":1: "):
        list(blocks("page", text))


@pytest.mark.parametrize("code", KINDS)
def test_kinds(code: str) -> None:
    assert kind(code) is KINDS[code]


@pytest.mark.parametrize("code", UNCLASSIFIABLE)
def test_what_no_rule_fits_is_not_passed_over(code: str) -> None:
    with pytest.raises(ValueError, match=r"from nowhere|neither"):
        kind(code)
