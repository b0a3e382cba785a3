"""A small application whose async handlers block, as such handlers do: what benchmarks/event_loop.py serves."""
