"""What reading staff pages promises."""
