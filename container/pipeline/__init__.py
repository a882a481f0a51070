"""Speech to a transcript, one stage a file: audio -> transcribe -> transcript. Knows nothing of HTTP servers."""
