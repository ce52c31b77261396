"""Statistics and report of a listening test.

From a ratings table to a page that a reviewer can check: ``python -m analysis.report`` analyses,
``python -m analysis.power`` plans. Data flow one way: read, tabulate, compute, show.

================  ==============================================================================
`ratings`         the table and its rules, readers, file formats, scores as an array
`options`         what an analysis can be asked for
`stats`           one module a question: differences, ranks, reliability, screening, …
`analyse`         everything that is computed from one ratings table, in one order
`compare_sets`    two data sets, or two times, side by side
`report`          the page, its figures, tables, sentences and files
`power`           how many participants and sounds a test needs
================  ==============================================================================
"""
