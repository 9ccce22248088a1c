"""Who may do what: roles, users, API keys, logins, and the record of what was done."""
