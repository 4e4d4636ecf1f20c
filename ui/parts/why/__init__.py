"""The page "Why this answer?": one module per view, each drawn only when it is chosen."""
