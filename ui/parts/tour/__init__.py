"""The guided tour: one module per chapter, each with `draw`, `question` and the engine's `CODE` that it shows."""
