"""Users of an organization, and what each may do about themselves."""
