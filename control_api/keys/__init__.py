"""API keys: listed, made, replaced, revoked."""
