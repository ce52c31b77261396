"""Clean guitar sounds: files, data sets, soundfonts, synthesised strings, and their splits."""
