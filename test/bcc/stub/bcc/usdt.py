"""USDT contexts that accept every probe: no runtime with probes needs to be on the machine."""

import os

from . import recorder


class USDTException(Exception):
    pass


class USDTProbeArgument:
    size = 8
    valid = 1


class USDTProbeLocation:
    def __init__(self, bin_path):
        self.address = 0x1000
        self.bin_path = bin_path.encode()

    def get_argument(self, index):
        return USDTProbeArgument()


class USDTProbe:
    def __init__(self, provider, name, bin_path):
        self.provider = provider.encode()
        self.name = name.encode()
        self.bin_path = bin_path.encode()
        self.semaphore = 0
        self.num_locations = 1
        self.num_arguments = 4

    def short_name(self):
        return "%s:%s" % (self.provider.decode(), self.name.decode())

    def get_location(self, index):
        return USDTProbeLocation(self.bin_path.decode())


class USDT:
    def __init__(self, pid=None, path=None):
        if not path and (not pid or pid == -1):
            raise USDTException("either a pid or a binary path must be specified")
        self.pid = pid
        self.path = recorder.as_text(path) or "/proc/%d/exe" % pid
        self.enabled = []

    def enable_probe(self, probe, fn_name):
        self.enabled.append({"event": recorder.as_text(probe), "fn_name": recorder.as_text(fn_name)})

    enable_probe_or_bail = enable_probe

    def get_context(self):
        return self

    def get_text(self):
        return ""

    def get_probe_arg_ctype(self, probe_name, arg_index):
        return "u64"

    def enumerate_probes(self):
        """The probes named in BPFTS_BCC_USDT, as provider:name words."""
        words = os.environ.get("BPFTS_BCC_USDT", "").split()
        return [USDTProbe(*word.split(":", 1), self.path) for word in words]

    def enumerate_active_probes(self):
        return [
            (recorder.as_bytes(self.path), recorder.as_bytes(probe["fn_name"]), 0x1000 + index, self.pid or -1)
            for index, probe in enumerate(self.enabled)
        ]
