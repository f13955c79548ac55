"""What bureaus hold, into scenario tables: rosters, lists of schools, the statistics workbook; nothing in silence."""
