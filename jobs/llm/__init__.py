"""The model server: chat, embeddings, and their errors."""
