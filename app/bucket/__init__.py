"""A copy of the lake in a bucket of an S3-compatible store."""
