"""Pure market time: sessions, trading days and calendars. No server, no clock of its own."""
