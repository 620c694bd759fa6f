"""From the folder of transcripts to records: find, recognise, read, understand."""
