"""Small sets of transcripts with their right tokens, days and costs, known by construction."""
