"""Agreement with the packages that others publish numbers with, where they are installed."""
