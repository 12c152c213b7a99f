"""Outcomes of language models: text, streams, usage, embeddings."""
