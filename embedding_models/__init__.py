"""The embedding model that Askqueue carries, and how its file is made."""
