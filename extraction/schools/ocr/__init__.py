"""Pages without a text layer: pictures that become sheets, so that the same layouts read them."""
