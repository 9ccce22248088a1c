"""The admin, from the login to the last inline edit."""
