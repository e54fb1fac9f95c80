"""Lists of schools: from PDF bytes to `SchoolRow`s."""
