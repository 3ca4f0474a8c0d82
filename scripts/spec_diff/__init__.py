"""What changed between two versions of the spec for a caller: `make spec-diff BASE=<git rev>`.

Both versions are flattened into facts as a caller sees them (`facts.py`), which are then compared
one by one (`changes.py`). What is breaking follows from the direction:

- What a request takes may only grow. A parameter or property that must now be sent, is no longer
  taken, or takes less than before breaks a caller.
- What an answer holds may only shrink. A field that is gone, may be missing, or may be of another
  type, value or null breaks a caller who relies on types. A narrower type doesn't.
- A new field, status, header, error code or operation breaks nobody, because the API is open to
  growth and says so. One that is gone does: what a caller does about it never happens again, and
  most often it only has another name now.
- A changed default breaks a caller. Who left the property out gets something else than before,
  perhaps at another price, and no error tells so.
- A new operation ID or tag breaks a caller of the generated client, whose functions are called
  after the one and whose modules after the other.
- The values that a schema's `examples` name are known values and no limits, so they break nobody.

What the facts leave out: `not`, `if`, `patternProperties`, `prefixItems` and the like, links,
callbacks, webhooks, servers of a single operation, and the names of components.
"""
