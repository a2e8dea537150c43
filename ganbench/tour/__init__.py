"""A tour of the objectives: each is trained for a few steps on the ring and on MNIST.

`stops` says what is trained, `visits` what became of it, `page` shows it on one page. No torch.
"""
