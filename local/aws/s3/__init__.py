"""Amazon S3: what the real one refuses, in front of moto."""
