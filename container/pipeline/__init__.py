"""Speech to a transcript, one stage a file: audio -> transcribe -> transcript. Knows nothing of HTTP servers."""

import os

# The libraries read these when they are first imported, and this comes before, whichever server runs the pipeline.
# onnxruntime 1.32 sends usage data to Microsoft and leaves files behind unless it is told not to (its Privacy.md).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Everything that is needed is in the model's folder.
os.environ["HF_HUB_OFFLINE"] = "1"
# CTranslate2's threads (libgomp) otherwise spin while they wait for one another, on a processor that the one they wait
# for may need: on a busy machine loading base took 1.3 processor seconds instead of 0.3.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# The features' products are small, and made in several threads already: numpy's own (OpenBLAS) would only spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
