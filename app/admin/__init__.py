"""The admin: the desk's tables in the browser."""
