// Messages and what is said about their formats; builtins on every size.
#define BPF_LICENSE "Dual MIT/GPL"
#define SAY(text, ...) bpf_trace_printk(text "\n", ##__VA_ARGS__)
#define FORMAT "pid %d\n"
#define PLAIN "plain\n"
#define LOG(format, ...) ({ char text[] = format; bpf_trace_printk(text, sizeof(text), ##__VA_ARGS__); })
static u32 wide(void) { return bpf_num_cpus() * 2; }
int f(struct pt_regs *ctx) {
	char name[8] = "me";
	u64 value = PT_REGS_PARM1(ctx), per_cpu[bpf_num_cpus()] = {};
	bpf_trace_printk("%d %u %x\n", 1, 2, 3);
	bpf_trace_printk("%ld %lu %lx\n", 1l, 2ul, 3ul);
	bpf_trace_printk("%lld %llu %llx\n", value, value, value);
	bpf_trace_printk("%p %pS %s\n", ctx, value, name);
	bpf_trace_printk("%d %d %d %d %d %s\n", 1, 2, 3, 4, 5, name);
	bpf_trace_printk("%s and %s\n", name, name);
	bpf_trace_printk("%llu %d\n", value, 1);
	bpf_trace_printk("%d\n", 1, 2);
	bpf_trace_printk("100%%\n");
	bpf_trace_printk(FORMAT, 1);
	bpf_trace_printk(PLAIN);
	bpf_trace_printk(PLAIN FORMAT, 2);
	bpf_trace_printk("in " "pieces"
			 " %d\n", 1);
	if (value) bpf_trace_printk("no braces %d\n", bpf_trace_printk("inside\n"));
	else bpf_trace_printk("tab\t \"quote\" \\ %c\n", 'x');
	SAY("plain");
	SAY("value %d", 1);
	LOG("sized %d\n", 2);
	return wide() + sizeof(per_cpu) + bpf_log2(0) + bpf_log2l(1ul << 40);
}
