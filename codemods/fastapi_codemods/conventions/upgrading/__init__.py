"""Old FastAPI code: what newer releases removed, renamed or warn of."""
