"""The whole product over a small simulated web: real processes, real sockets, a real database."""
