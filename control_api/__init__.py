"""Who asks and what runs: the Litestar API, the SAQ worker, the command line, the dashboard."""
