"""Why this answer: for one photo and one question, maps, sums, switches, and what they are worth."""
