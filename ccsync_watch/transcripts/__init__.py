"""From the folder of transcripts to records: find, resolve, read, understand."""
