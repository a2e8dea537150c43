"""Runs of other trackers, turned into run folders: one file a tracker, one writer for all."""
