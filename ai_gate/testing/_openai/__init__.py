"""OpenAI's side of a call, as the mock gate plays it: HTTP in front, an aiortc peer behind."""
