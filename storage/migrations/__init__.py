"""The schema's history (Alembic). It runs by itself when a process opens the database, under a lock."""
