"""The measure of the measures: how each reacts when real images are made worse on purpose."""
