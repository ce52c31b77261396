"""The database: its connection, tables, queries, migrations and upkeep."""
