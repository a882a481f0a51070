"""Speech to a transcript, one stage a file: audio -> transcribe -> transcript. Knows nothing of HTTP servers."""

import os

# The libraries read these when they are first imported, and this comes before, whichever server runs the pipeline.
# onnxruntime 1.32 sends usage data to Microsoft and leaves files behind unless it is told not to (its Privacy.md).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Everything that is needed is in the model's folder.
os.environ["HF_HUB_OFFLINE"] = "1"
