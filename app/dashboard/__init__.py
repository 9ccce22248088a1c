"""The dashboard: its files, built from `web`, and how the web server hands them out."""
