"""What is kept: models, migrations, queries, the embedded PostgreSQL, events, job leases, blobs."""
