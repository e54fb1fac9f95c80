"""Lists of schools: every PDF is made by the tests themselves."""
