"""The documents that the mock gate reads, and the schemas that its validator reads."""

from importlib.resources import files

datas = [
    (str(files("ai_gate") / "testing" / "control.json"), "ai_gate/testing"),
    (str(files("ai_gate_api") / "openapi.json"), "ai_gate_api"),
    (str(files("openapi_schema_validator") / "schemas"), "openapi_schema_validator/schemas"),
]
