"""Answers the questions that tools ask about the kernel, from this kernel.

BPFTS_BCC_ASSUME is a list of words: symbols and "category:event" tracepoints that are taken as present although this
kernel may lack them (a module that is not loaded, say). Each answer that rests on one goes on record.
"""

import os
import re
import struct

from . import recorder

_assumed = set(os.environ.get("BPFTS_BCC_ASSUME", "").split())
_symbols = None
_matches = None


def tracefs():
    for path in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing"):
        if os.path.isdir(path + "/events"):
            return path
    return None


def symbols():
    """Name to type letter, as kallsyms lists them."""
    global _symbols
    if _symbols is None:
        _symbols = {}
        with open("/proc/kallsyms") as lines:
            for line in lines:
                parts = line.split()
                _symbols.setdefault(parts[2], parts[1])
    return _symbols


def _is_assumed(name):
    if name in _assumed:
        recorder.write_once("assumed", symbol=name)
        return True
    return False


def has_symbol(name):
    return name in symbols() or _is_assumed(name)


def _matcher(regex):
    """Older BCC takes a prefix that matches, newer BCC the whole name: as the real package does."""
    global _matches
    if _matches is None:
        with open(os.path.join(os.environ["BPFTS_BCC_PYTHON"], "__init__.py"), encoding="utf-8") as real:
            _matches = "fullmatch" if "re.fullmatch(event_re" in real.read() else "match"
    return getattr(re.compile(regex), _matches)


def find_functions(regex):
    """The kernel functions that a probe could go on."""
    matches = _matcher(regex)
    found = {
        name
        for name, kind in symbols().items()
        if kind in "tTwW"
        and not name.startswith(("__perf", "perf_", "_kbl_addr_", "__SCT__"))
        and ".cold" not in name
        and matches(name)
    }
    return found or {name for name in _assumed if matches(name) and _is_assumed(name)}


def kallsyms_text():
    """/proc/kallsyms with the assumed symbols in it, for tools that read the file themselves."""
    with open("/proc/kallsyms") as file:
        text = file.read()
    missing = [name for name in sorted(_assumed) if ":" not in name and name not in symbols()]
    for name in missing:
        _is_assumed(name)
    return text + "".join("ffffffff82000000 T %s\n" % name for name in missing)


def find_tracepoints(regex):
    pattern = re.compile(regex)
    root = tracefs()
    found = []
    for category in sorted(os.listdir(root + "/events")) if root else []:
        folder = os.path.join(root, "events", category)
        for event in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            name = category + ":" + event
            if os.path.isdir(os.path.join(folder, event)) and pattern.match(name):
                found.append(name)
    return found


def has_tracepoint(category, event):
    root = tracefs()
    if root and os.path.isdir(os.path.join(root, "events", category, event)):
        return True
    return _is_assumed(category + ":" + event)


class _Btf:
    """As much of BTF as struct members and enum values need."""

    _trailing = {1: 4, 3: 12, 14: 4, 17: 4}
    _per_member = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        _, _, _, header, type_off, type_len, str_off, str_len = struct.unpack_from("<HBBIIIII", data)
        self.data = data
        self.strings = header + str_off
        self.offsets = [0]
        self.by_name = {}
        at, end = header + type_off, header + type_off + type_len
        while at < end:
            name, info = struct.unpack_from("<II", data, at)
            kind, members = (info >> 24) & 0x1F, info & 0xFFFF
            if kind in (4, 5, 6, 8, 19) and name:
                self.by_name.setdefault((kind, self.string(name)), len(self.offsets))
            self.offsets.append(at)
            at += 12 + self._trailing.get(kind, 0) + members * self._per_member.get(kind, 0)

    def string(self, offset):
        start = self.strings + offset
        return self.data[start : self.data.index(0, start)].decode()

    def members(self, type_id):
        at = self.offsets[type_id]
        _, info, _ = struct.unpack_from("<III", self.data, at)
        kind = (info >> 24) & 0x1F
        size = self._per_member.get(kind, 0)
        for index in range(info & 0xFFFF):
            yield struct.unpack_from("<II", self.data, at + 12 + index * size)

    def has_field(self, type_id, field):
        for name, member_type in self.members(type_id):
            if name and self.string(name) == field:
                return True
            if not name and self.kind(member_type) in (4, 5) and self.has_field(member_type, field):
                return True
        return False

    def kind(self, type_id):
        return (struct.unpack_from("<II", self.data, self.offsets[type_id])[1] >> 24) & 0x1F


_btf = None


def _read_btf():
    global _btf
    if _btf is None:
        _btf = _Btf("/sys/kernel/btf/vmlinux")
    return _btf


def struct_has_field(struct_name, field):
    """1, 0, or -1 when there is no such struct, as BCC answers."""
    btf = _read_btf()
    type_id = btf.by_name.get((4, struct_name)) or btf.by_name.get((5, struct_name))
    if type_id is None:
        return -1
    return 1 if btf.has_field(type_id, field) else 0


def enum_has_value(enum_name, value):
    btf = _read_btf()
    type_id = btf.by_name.get((6, enum_name)) or btf.by_name.get((19, enum_name))
    if type_id is None:
        return -1
    return 1 if any(btf.string(name) == value for name, _ in btf.members(type_id)) else 0
