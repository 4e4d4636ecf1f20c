"""Where model folders lie: `models/` beside the engine, or what CONVOSCOPE_MODELS names."""

import os
from pathlib import Path

MODELS = Path(os.environ.get("CONVOSCOPE_MODELS", Path(__file__).parent.parent / "models"))
