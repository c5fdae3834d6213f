# Runs one of BCC's tools as it is: bcc_tool.py NAME ARGS... Where the kernel has no kprobes, its functions on system calls become tracepoints with the same body,
# so that its Python gets the same events.
import os, re, runpy, sys

import bcc

name, *words = sys.argv[1:]
path = f"/usr/sbin/{name}-bpfcc"

# What each function of the tool's becomes: the old head, the new one, and who calls it.
heads = {
    "opensnoop": [
        (
            r"int syscall__trace_entry_openat\(struct pt_regs \*ctx, int dfd, const char __user \*filename, int flags\)",
            "static int on_open(void *ctx, const char *filename, int flags)",
            "TRACEPOINT_PROBE(syscalls, sys_enter_openat) { return on_open(args, args->filename, args->flags); }",
        ),
        (
            r"int trace_return\(struct pt_regs \*ctx\)",
            "static int on_return(void *ctx, long ret)",
            "TRACEPOINT_PROBE(syscalls, sys_exit_openat) { return on_return(args, args->ret); }",
        ),
    ],
    "execsnoop": [
        (
            r"int syscall__execve\(struct pt_regs \*ctx,.*?__envp\)",
            "static int on_exec(struct pt_regs *ctx, const char *filename, const char *const *__argv)",
            "TRACEPOINT_PROBE(syscalls, sys_enter_execve)"
            " { return on_exec((struct pt_regs *)args, args->filename, args->argv); }",
        ),
        (
            r"int do_ret_sys_execve\(struct pt_regs \*ctx\)",
            "static int on_return(struct pt_regs *ctx, long ret)",
            "TRACEPOINT_PROBE(syscalls, sys_exit_execve) { return on_return((struct pt_regs *)args, args->ret); }",
        ),
    ],
}


class WithoutKprobes(bcc.BPF):
    support_kfunc = staticmethod(lambda: False)

    def __init__(self, text=b"", **others):
        for pattern, head, _ in heads[name] if text else []:
            text, count = re.subn(pattern, lambda _: head, text, flags=re.DOTALL)
            if count != 1:
                raise ValueError(f"{path} has no {pattern}")
        callers = "\n".join(caller for _, _, caller in heads[name]) if text else ""
        super().__init__(text=text.replace("PT_REGS_RC(ctx)", "ret") + callers if text else text, **others)

    def attach_kprobe(self, **others):
        pass

    def attach_kretprobe(self, **others):
        pass


if name in heads and not os.path.exists("/sys/kernel/tracing/kprobe_events"):
    bcc.BPF = WithoutKprobes
sys.argv = [path, *words]
runpy.run_path(path, run_name="__main__")
