"""The SDK under the tools of others."""
