"""What leads up to the open: preparing data, asking for analyses, reporting, and judging whether that can be used."""
