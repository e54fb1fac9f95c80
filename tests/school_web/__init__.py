"""A simulated web of Title I schools, for end-to-end tests, the demo and measurements.

From a seed: schools, districts, the official directory file, the state's PDF list, web hosts with the schools' pages,
search results, and the truth about all of it. Everything is served on loopback under the reserved top-level domain
`.test`; every person is invented. The usual world is small and can be read to the last person; a wide one (`--wide`,
from 96 schools on) has every layout and every trap, and its truth says what each staff list takes to be read. See
`python -m tests.school_web --help`; `python -m tests.end_to_end.measure` runs the product over a world.
"""
