"""What the SDK costs beside httpx, openai and the generated client: `make bench`."""
