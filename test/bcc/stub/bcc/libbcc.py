"""Takes the place of BCC's shared library for the pure Python modules that import it."""


class _Library:
    def __getattr__(self, name):
        raise RuntimeError("the stub has no " + name)


lib = _Library()
