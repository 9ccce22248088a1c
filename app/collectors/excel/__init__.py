"""The source EXCEL: quotes of a sheet that RTD formulas keep up to date."""
