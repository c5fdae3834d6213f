#include <uapi/linux/ptrace.h>
int on_query(struct pt_regs *ctx) {
	u64 address = 0;
	char query[32];
	int size = 0;
	bpf_usdt_readarg(1, ctx, &address);
	bpf_usdt_readarg(2, ctx, &size);
	bpf_usdt_readarg_p(1, ctx, query, sizeof(query));
	return address + size + query[0];
}
int uninitialised(struct pt_regs *ctx) {
	u64 address;
	char text[16];
	bpf_usdt_readarg(1, ctx, &address);
	bpf_probe_read_user(&text, sizeof(text), (void *)address);
	return text[0];
}
