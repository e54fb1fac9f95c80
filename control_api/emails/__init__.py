"""What can be known of an e-mail address without writing to it: syntax, DNS, whose it is likely to be."""
