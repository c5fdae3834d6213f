"""Tables that take everything and hold nothing.

Reading entries is what a tool does in its main loop or after it, so it ends the capture.
"""

from . import recorder


class Leaf:
    """A key or value of any type: any attribute can be set, and reads as zero."""

    def __init__(self, *values):
        self.value = values[0] if values else 0

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return 0


class Table:
    Key = Leaf
    Leaf = Leaf

    def __init__(self, bpf, name):
        self.bpf = bpf
        self.name = name
        self.max_entries = 1

    def __getitem__(self, key):
        return Leaf()

    def __setitem__(self, key, leaf):
        pass

    def __delitem__(self, key):
        pass

    def __len__(self):
        return 0

    def __iter__(self):
        recorder.finish_when_loaded("table iteration")
        return iter(())

    def __getattr__(self, name):
        if name in ("items", "values", "keys", "iteritems", "itervalues", "items_lookup_batch",
                    "items_lookup_and_delete_batch", "print_log2_hist", "print_linear_hist", "walk"):
            recorder.finish_when_loaded("table " + name)
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **named: None


HashTable = Array = PerfEventArray = RingBuf = StackTrace = Table
