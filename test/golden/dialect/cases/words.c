// Constants, options, shadowing types, messages, and other words.
#include <linux/version.h>
#include <uapi/linux/stat.h>
#define BPF_LICENSE Dual BSD/GPL
struct mount { int own; };
enum { TCP_CLOSE = 1, MINE };
typedef struct { int x; } sector_t;
#define min(a, b) ((a) < (b) ? (a) : (b))
static u64 div_u64(u64 a, u32 b) { return b ? a / b : 0; }
static int bpf_strncmp(const char *a, u32 size, const char *b) { return a[0] - b[0]; }
#if LINUX_VERSION_CODE < KERNEL_VERSION(4, 9, 0)
#error "old"
#endif
int f(struct pt_regs *ctx) {
	struct mount m = { MINE };
	sector_t s = { TCP_CLOSE };
	char a[4] = "abc", name[DNAME_INLINE_LEN + NAME_MAX > 10 ? 4 : 8];
	u32 mode = S_IFREG;
	__builtin_memset(name, 0, sizeof(name));
	bpf_trace_printk("plain\n");
	bpf_trace_printk("%d %d %d\n", m.own, s.x, bpf_num_cpus());
	bpf_trace_printk("%d %d %d %d\n", m.own, s.x, 3, 4);
	bpf_trace_printk("real
newline
");
	char fmt[] = "libbpf %d\n";
	bpf_trace_printk(fmt, sizeof(fmt), 1);
	bpf_printk("libbpf %d", 1);
	return S_ISREG(mode) + AF_INET6 + IPPROTO_TCP + ENOENT + O_CREAT + div_u64(m.own, 2) + min(1, 2) + memcmp(a, name, 4) + bpf_strncmp(a, 1, name) + bpf_log2l(mode) + bpf_log2(mode) +
	       htons(ETH_P_IP) + roundup_pow_of_two(5) + (likely(mode) ? NSEC_PER_MSEC : PAGE_SIZE);
}
