"""Results in the forms that people read: HTML, CSV, spreadsheets."""
