"""Places, as documents print them."""
