"""The table of measures, by what they look at."""
