"""The command line: reads arguments, calls `fastapi_codemods`, prints. Everything else is in the library."""
