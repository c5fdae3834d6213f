// Programs by the names of their functions, without the macros that make those names.
struct tracepoint__fixture__openat;
int kprobe__x64_free(void *ctx) { return 0; }
int kprobe____arm64_sys_openat(struct pt_regs *ctx) { return 0; }
int kretprobe____ia32_compat_sys_openat(struct pt_regs *ctx) { return PT_REGS_RC(ctx); }
int tracepoint__fixture__openat(struct tracepoint__fixture__openat *event) { return event->dfd; }
int raw_tracepoint__sched_process_exit(struct bpf_raw_tracepoint_args *ctx) { return ((struct task_struct *)ctx->args[0])->pid; }
int kfunc__vmlinux__vfs_open(unsigned long long *ctx) { return ((struct file *)ctx[1])->f_flags; }
int kretfunc__vmlinux__vfs_open(unsigned long long *ctx) { return ctx[2]; }
int kmod_ret__security_file_open(unsigned long long *ctx) { return 0; }
int lsm__bprm_check_security(unsigned long long *ctx) { return 0; }
int bpf_iter__bpf_map(struct bpf_iter__bpf_map *ctx) { return ctx->map ? ctx->map->id : 0; }
int syscall__close(struct pt_regs *ctx) { return 0; }
// What attaches these decides what they are.
struct own_event_t { u64 common; int pid; char comm[16]; };
int on_tracepoint(struct own_event_t *args) { return args->pid + args->comm[0]; }
int on_packet(struct __sk_buff *packet) { return packet->len; }
int on_connection(struct bpf_sock_ops *skops) { return skops->op; }
int on_message(struct sk_msg_md *msg) { return msg->size; }
int on_setting(struct bpf_sysctl *ctx) { return ctx->write; }
int no_context() { return 0; }
int old_void(void) { return 0; }
bool is_true(struct pt_regs *ctx) { return PT_REGS_RC(ctx) == 0; }
unsigned int is_unsigned(struct pt_regs *ctx) { return PT_REGS_RC(ctx); }
// Libbpf's sections and heads, and BCC's word for a section.
BCC_SEC("xdp/devmap") int by_bcc_section(struct xdp_md *ctx) { return XDP_PASS; }
__attribute__((section("tc"))) int by_attribute(struct __sk_buff *skb) { return 0; }
SEC("kretprobe/do_exit") int BPF_KRETPROBE(libbpf_kretprobe, int ret) { return ret; }
SEC("uprobe") int BPF_UPROBE(libbpf_uprobe, int first) { return first; }
SEC("uretprobe") int BPF_URETPROBE(libbpf_uretprobe, int ret) { return ret; }
SEC("ksyscall/close") int BPF_KSYSCALL(libbpf_ksyscall, int fd) { return fd; }
SEC("tp/sched/sched_switch") int libbpf_tracepoint(struct trace_event_raw_sched_switch *ctx) { return ctx->next_pid; }
// Typed arguments without any, and as many as there may be.
KRETFUNC_PROBE(schedule, int ret) { return ret; }
MODULE_KFUNC_PROBE(nfs, nfs_exit) { return 0; }
KFUNC_PROBE(many, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h, u64 i, u64 j, u64 k, u64 l) { return a + b + c + d + e + f + g + h + i + j + k + l; }
