// Arguments of probes in every size, by position, in a helper, through a macro.
#include <uapi/linux/ptrace.h>
struct request_t { u32 method; char path[16]; };
#define ARG(n, to) bpf_usdt_readarg(n, ctx, to)
BPF_PERF_OUTPUT(requests);
static int read_third(struct pt_regs *ctx, u8 *to) { return bpf_usdt_readarg(3, ctx, to); }
int on_request(struct pt_regs *ctx) {
	struct request_t request = {};
	char *path = NULL;
	s16 small = 0;
	u8 byte = 0;
	bool yes = false;
	bpf_usdt_readarg(1, ctx, &request.method);
	bpf_usdt_readarg(2, ctx, &path);
	if (read_third(ctx, &byte) < 0 || ARG(4, &small)) return 0;
	bpf_usdt_readarg(6, ctx, &yes);
	bpf_usdt_readarg_p(5, ctx, &request.path, sizeof(request.path));
	bpf_probe_read_user_str(request.path, sizeof(request.path), path);
	requests.perf_submit(ctx, &request, sizeof(request));
	return small + byte + yes;
}
