"""The glossary: for terms as people ask them, the words that documents have for the same thing.

rules          a rule, and what is accepted as one
csv_file       rules as a CSV file
sets           starter sets that come with Askqueue
store          what an installation has of its own, in Valkey
live_glossary  the same as workers have it
term_finder    which terms a question has
"""
