// What BCC's texts do in C: odd, but C.
#include <uapi/linux/ptrace.h>
BPF_HASH(unused_map, u32);
BPF_HASH(h, u32, u64);
static u64 total, limits[2] = { 1, 2 };
const volatile u32 wanted = 7;
static inline bool streq_0(char const *from, const char *str) {
	char needle[] = "abc", haystack[4] = {};
	bpf_probe_read_user(&haystack, sizeof(haystack), (void *)str);
	for (int i = 0; i < sizeof(needle) - 1; ++i)
		if (needle[i] != haystack[i]) return false;
	return true;
}
#define STRCMP_0(text) streq_0("abc", text)
static __always_inline int always(int x) { return x; }
static noinline int never(int x) { return x + 1; }
inline int plain_inline(int x) { return x + 2; }
int kprobe__do_nanosleep()
{
	total++;
	return 0;
}
int f(struct pt_regs *ctx, char *name) {
	u32 key = 0;
	u64 *found, sum = 0;
	if (!STRCMP_0(name)) goto out;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		sum += ({ u64 square = i * i; square; });
	}
	switch (sum) {
	case 0 ... 9: sum++; break;
	case 10: { sum--; }
	default: ;
	}
	asm volatile("" : "+r"(sum));
	found = h.lookup(&key);
	if (found) { __sync_fetch_and_add(found, 1); sum += *found; }
	struct { u32 a; char b[4]; } __attribute__((packed)) local = { .a = sum, .b = "xyz" };
	__builtin_memset(&local, 0, sizeof local);
	if (!__builtin_memcmp(local.b, "abcd", 4) || memcmp(local.b, "xyz", 3)) memcpy(&key, local.b, 4);
	bpf_trace_printk("%s" " glued %d\n", name, key);
	bpf_trace_printk("%pS %lx %llu\n", (void *)PT_REGS_IP(ctx), sum, sum), key++;
out:
	return always(key) + never(1) + plain_inline(2) + limits[key & 1] + wanted;
}
