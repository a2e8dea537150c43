"""The logging API for other people's training loops, its drop-ins and its sinks."""
