"""OpenAI's side of a call, as the mock gate plays it: HTTP endpoints and aiortc peers."""
