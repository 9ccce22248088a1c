"""What Thor's processes count while they work, and how one of them reads it for all."""
