"""Property tests of pure code: the same examples every time, and no deadline.

A deadline would measure the machine; where time matters, a test measures CPU time.
"""

from hypothesis import settings

settings.register_profile("domain", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("domain")
