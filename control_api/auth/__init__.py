"""Who is asking: API keys and roles."""
