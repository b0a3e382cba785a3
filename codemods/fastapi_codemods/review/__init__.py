"""What a person or a program is shown of a plan: patch, statistics, report. Bytes and text, no printing."""
