"""What language models may cost an organization."""
