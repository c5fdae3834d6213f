"""A stand-in for the Python package bcc: records what a tool would load and attach, touches no kernel object.

The pure Python modules (containers, syscall, tcp, utils, exec) are taken from the real package, whose folder is
BPFTS_BCC_PYTHON. BPFTS_BCC_KFUNC and BPFTS_BCC_RAW_TP ("1" or "0") decide which way tools go that can do with both.
"""

import os
import re
import subprocess
import sys
import time

__path__.append(os.environ["BPFTS_BCC_PYTHON"])

from . import kernel, recorder
from .recorder import as_text
from .table import PerfEventArray, RingBuf, Table
from .usdt import USDT, USDTException
from .utils import ArgString, StrcmpRewrite, printb

__version__ = "stub"
_kfunc = os.environ.get("BPFTS_BCC_KFUNC", "1") == "1"
_raw_tracepoint = os.environ.get("BPFTS_BCC_RAW_TP", "1") == "1"


class PerfType:
    HARDWARE, SOFTWARE, TRACEPOINT, HW_CACHE, RAW, BREAKPOINT = range(6)


class PerfHWConfig:
    (CPU_CYCLES, INSTRUCTIONS, CACHE_REFERENCES, CACHE_MISSES, BRANCH_INSTRUCTIONS, BRANCH_MISSES, BUS_CYCLES,
     STALLED_CYCLES_FRONTEND, STALLED_CYCLES_BACKEND, REF_CPU_CYCLES) = range(10)


class PerfSWConfig:
    (CPU_CLOCK, TASK_CLOCK, PAGE_FAULTS, CONTEXT_SWITCHES, CPU_MIGRATIONS, PAGE_FAULTS_MIN, PAGE_FAULTS_MAJ,
     ALIGNMENT_FAULTS, EMULATION_FAULTS, DUMMY, BPF_OUTPUT) = range(11)


class BPFProgType:
    (UNSPEC, SOCKET_FILTER, KPROBE, SCHED_CLS, SCHED_ACT, TRACEPOINT, XDP, PERF_EVENT, CGROUP_SKB, CGROUP_SOCK, LWT_IN,
     LWT_OUT, LWT_XMIT, SOCK_OPS, SK_SKB, CGROUP_DEVICE, SK_MSG, RAW_TRACEPOINT, CGROUP_SOCK_ADDR, LWT_SEG6LOCAL,
     LIRC_MODE2, SK_REUSEPORT, FLOW_DISSECTOR, CGROUP_SYSCTL, RAW_TRACEPOINT_WRITABLE, CGROUP_SOCKOPT, TRACING,
     STRUCT_OPS, EXT, LSM, SK_LOOKUP) = range(31)


class Function:
    def __init__(self, bpf, name):
        self.bpf = bpf
        self.name = recorder.as_bytes(name)
        self.fd = 3
        self.sock = 3


def _find_file(name):
    name = as_text(name)
    if os.path.isabs(name) or os.path.isfile(name):
        return name
    return os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), name)


class BPF:
    Table = Table
    Function = Function
    CLOCK_MONOTONIC = 1

    def __init__(self, src_file=b"", hdr_file=b"", text=None, debug=0, cflags=(), usdt_contexts=(), allow_rlimit=True,
                 device=None, attach_usdt_ignore_pid=False):
        if src_file:
            with open(_find_file(src_file), encoding="utf-8") as file:
                text = file.read()
        self.number = recorder.next_program()
        self.text = as_text(text)
        self.tables = {}
        self.funcs = {}
        self.attached = {"kprobe": [], "uprobe": [], "tracepoint": []}
        recorder.write("bpf", bpf=self.number, text=self.text, cflags=[as_text(flag) for flag in cflags])
        for name in re.findall(r"\bk(?:ret)?probe__\w+(?=\s*\()", self.text):
            self.attached["kprobe"].append(name)
        for name in re.findall(r"^\s*TRACEPOINT_PROBE\s*\(", self.text, re.M):
            self.attached["tracepoint"].append(name)
        for context in usdt_contexts:
            for probe in context.enabled:
                self._record("usdt", probe["fn_name"], event=probe["event"], path=as_text(context.path))

    def _record(self, kind, fn_name, **target):
        recorder.write("attach", bpf=self.number, kind=kind, fn_name=as_text(fn_name), **target)

    def _attach_function(self, kind, event, fn_name, event_re):
        if event_re:
            events = sorted(self.get_kprobe_functions(event_re))
        else:
            events = [as_text(event)]
        ok = bool(events) and (bool(event_re) or kernel.has_symbol(as_text(event).split("+")[0]))
        target = {"event": as_text(event)} if event else {"event_re": as_text(event_re), "events": len(events)}
        self._record(kind, fn_name, **target, found=ok)
        if not ok:
            raise Exception("Failed to attach BPF program %s to %s %s" % (fn_name, kind, event or event_re))
        self.attached["kprobe"] += [as_text(name) for name in events]
        return self

    def attach_kprobe(self, event=b"", event_off=0, fn_name=b"", event_re=b""):
        return self._attach_function("kprobe", event, fn_name, event_re)

    def attach_kretprobe(self, event=b"", fn_name=b"", event_re=b"", maxactive=0):
        return self._attach_function("kretprobe", event, fn_name, event_re)

    def _attach_user(self, kind, name, sym, sym_re, addr, fn_name):
        self._record(kind, fn_name, path=as_text(name), event=as_text(sym or sym_re or hex(addr or 0)))
        self.attached["uprobe"].append(as_text(sym or sym_re or addr))
        return self

    def attach_uprobe(self, name=b"", sym=b"", sym_re=b"", addr=None, fn_name=b"", pid=-1, sym_off=0):
        return self._attach_user("uprobe", name, sym, sym_re, addr, fn_name)

    def attach_uretprobe(self, name=b"", sym=b"", sym_re=b"", addr=None, fn_name=b"", pid=-1):
        return self._attach_user("uretprobe", name, sym, sym_re, addr, fn_name)

    def attach_tracepoint(self, tp=b"", tp_re=b"", fn_name=b""):
        names = [as_text(tp)] if tp else kernel.find_tracepoints(as_text(tp_re))
        ok = bool(names) and kernel.has_tracepoint(*names[0].split(":", 1))
        self._record("tracepoint", fn_name, tp=names[0] if names else as_text(tp_re), found=ok)
        if not ok:
            raise Exception("Failed to attach BPF program %s to tracepoint %s" % (fn_name, tp or tp_re))
        self.attached["tracepoint"] += names
        return self

    def attach_raw_tracepoint(self, tp=b"", fn_name=b""):
        self._record("raw_tracepoint", fn_name, tp=as_text(tp))
        return self

    def attach_kfunc(self, fn_name=b""):
        self._record("kfunc", self.add_prefix("kfunc__vmlinux__", fn_name))
        return self

    def attach_kretfunc(self, fn_name=b""):
        self._record("kretfunc", self.add_prefix("kretfunc__vmlinux__", fn_name))
        return self

    def attach_fmod_ret(self, fn_name=b""):
        self._record("fmod_ret", self.add_prefix("kmod_ret__", fn_name))
        return self

    def attach_lsm(self, fn_name=b""):
        self._record("lsm", self.add_prefix("lsm__", fn_name))
        return self

    def attach_perf_event(self, ev_type=-1, ev_config=-1, fn_name=b"", sample_period=0, sample_freq=0, pid=-1, cpu=-1,
                          group_fd=-1):
        self._record("perf_event", fn_name, event="%d:%d" % (ev_type, ev_config))

    def attach_perf_event_raw(self, attr=-1, fn_name=b"", pid=-1, cpu=-1, group_fd=-1):
        self._record("perf_event", fn_name, event="raw")

    def load_func(self, func_name, prog_type, device=None, attach_type=-1):
        self._record("load_func", func_name, prog_type=prog_type)
        return Function(self, func_name)

    def attach_xdp(self, dev, fn, flags=0):
        self._record("xdp", fn.name)

    def num_open_kprobes(self):
        return len(self.attached["kprobe"])

    def num_open_uprobes(self):
        return len(self.attached["uprobe"])

    def num_open_tracepoints(self):
        return len(self.attached["tracepoint"])

    @property
    def kprobe_fds(self):
        return {name: {} for name in self.attached["kprobe"]}

    @property
    def uprobe_fds(self):
        return {name: 3 for name in self.attached["uprobe"]}

    def get_table(self, name, keytype=None, leaftype=None, reducer=None):
        return self.tables.setdefault(as_text(name), Table(self, as_text(name)))

    __getitem__ = get_table

    def __iter__(self):
        return iter(self.tables)

    def perf_buffer_poll(self, timeout=-1):
        recorder.finish("perf_buffer_poll")

    def perf_buffer_consume(self):
        recorder.finish("perf_buffer_consume")

    def kprobe_poll(self, timeout=-1):
        recorder.finish("kprobe_poll")

    def ring_buffer_poll(self, timeout=-1):
        recorder.finish("ring_buffer_poll")

    def ring_buffer_consume(self):
        recorder.finish("ring_buffer_consume")

    def trace_fields(self, nonblocking=False):
        recorder.finish("trace_fields")

    def trace_readline(self, nonblocking=False):
        recorder.finish("trace_readline")

    def trace_print(self, fmt=None):
        recorder.finish("trace_print")

    def cleanup(self):
        pass

    close = detach_kprobe = detach_kretprobe = detach_uprobe = detach_uretprobe = cleanup

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        pass

    @staticmethod
    def add_prefix(prefix, name):
        name = as_text(name)
        return name if name.startswith(as_text(prefix)) else as_text(prefix) + name

    @staticmethod
    def support_kfunc():
        return _kfunc

    support_lsm = support_fmod_ret = support_kfunc

    @staticmethod
    def support_raw_tracepoint():
        return _raw_tracepoint

    @staticmethod
    def support_raw_tracepoint_in_module():
        return _raw_tracepoint

    @staticmethod
    def kernel_struct_has_field(struct_name, field_name):
        return kernel.struct_has_field(as_text(struct_name), as_text(field_name))

    @staticmethod
    def kernel_enum_has_val(enum_name, value_name):
        return kernel.enum_has_value(as_text(enum_name), as_text(value_name))

    @staticmethod
    def get_kprobe_functions(event_re):
        return {name.encode() for name in kernel.find_functions(as_text(event_re))}

    @staticmethod
    def tracepoint_exists(category, event):
        return kernel.has_tracepoint(as_text(category), as_text(event))

    @staticmethod
    def get_tracepoints(tp_re):
        return [name.encode() for name in kernel.find_tracepoints(as_text(tp_re))]

    @staticmethod
    def ksymname(name):
        return 0xFFFFFFFF81000000 if kernel.has_symbol(as_text(name)) else -1

    @staticmethod
    def ksym(addr, show_module=False, show_offset=False):
        return b"[unknown]"

    @staticmethod
    def sym(addr, pid, show_module=False, show_offset=False, demangle=True):
        return b"[unknown]"

    def get_syscall_prefix(self):
        return b"__x64_sys_"

    def get_syscall_fnname(self, name):
        return b"__x64_sys_" + recorder.as_bytes(name)

    def fix_syscall_fnname(self, name):
        name = recorder.as_bytes(name)
        for prefix in (b"sys_", b"__x64_sys_"):
            if name.startswith(prefix):
                return self.get_syscall_fnname(name[len(prefix):])
        return name

    @staticmethod
    def get_probe_limit():
        return 1000

    @staticmethod
    def monotonic_time():
        return float(time.monotonic_ns())

    @staticmethod
    def generate_auto_includes(program_words):
        wanted = {
            "linux/time.h": ("time",),
            "linux/fs.h": ("fs", "file"),
            "linux/blkdev.h": ("bio", "request"),
            "linux/slab.h": ("alloc",),
            "linux/netdevice.h": ("sk_buff", "net_device"),
        }
        words = [as_text(word) for word in program_words]
        used = [header for header, stems in wanted.items() if any(stem in word for stem in stems for word in words)]
        return "".join("#include <%s>\n" % header for header in used)

    @staticmethod
    def find_exe(bin_path):
        name = as_text(bin_path)
        for folder in [""] if "/" in name else os.environ["PATH"].split(os.pathsep):
            if os.access(os.path.join(folder, name), os.X_OK):
                return os.path.join(folder, name).encode()
        return None

    @staticmethod
    def find_library(libname, pid=0):
        name = as_text(libname)
        if "/" in name:
            return name.encode()
        listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout
        found = re.search(r"^\s*lib%s\.so[.\d]* .* => (\S+)$" % re.escape(name), listing, re.M)
        return found.group(1).encode() if found else None

    @staticmethod
    def get_user_functions_and_addresses(name, sym_re):
        literal = as_text(sym_re).strip("^$")
        return [(literal.encode(), 0x1000)] if re.fullmatch(r"\w+", literal) else [(b"malloc", 0x1000), (b"free", 0x2000)]

    @staticmethod
    def get_user_functions(name, sym_re):
        return {function for function, _ in BPF.get_user_functions_and_addresses(name, sym_re)}

    @staticmethod
    def get_user_addresses(name, sym_re):
        return {address for _, address in BPF.get_user_functions_and_addresses(name, sym_re)}

    @staticmethod
    def add_module(modname):
        pass


for _name, _value in vars(BPFProgType).items():
    if _name.isupper():
        setattr(BPF, _name, _value)
for _flag, _value in {"XDP_FLAGS_SKB_MODE": 2, "XDP_FLAGS_DRV_MODE": 4, "XDP_FLAGS_HW_MODE": 8}.items():
    setattr(BPF, _flag, _value)
