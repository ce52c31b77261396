"""The report: its page, figures, tables, sentences and files."""
