"""A simulated web of Title I schools, for end-to-end tests and the demo.

From a seed: schools, districts, the official directory file, the state's PDF list, a few dozen web hosts with the
schools' pages, search results, and the truth about all of it. Everything is served on loopback under the reserved
top-level domain `.test`; every person is invented. See `python -m tests.school_web --help`.
"""
