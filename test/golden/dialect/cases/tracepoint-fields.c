// The struct of a tracepoint's fields: holes, widened numbers, sizes by name, data of variable length.
TRACEPOINT_PROBE(fixture, fields) {
	char comm[TASK_COMM_LEN], name[32], body[64];
	_Static_assert(sizeof(args->comm) == 16 && sizeof(args->pid) == 8 && sizeof(args->flag) == 8 && sizeof(args->delta) == 8, "sizes");
	_Static_assert(__builtin_offsetof(struct tracepoint__fixture__fields, comm) == 12 && __builtin_offsetof(struct tracepoint__fixture__fields, port) == 66 &&
			       __builtin_offsetof(struct tracepoint__fixture__fields, data_loc_body) == 88, "places");
	__builtin_memcpy(comm, args->comm, sizeof(comm));
	TP_DATA_LOC_READ_STR(name, name, sizeof(name));
	TP_DATA_LOC_READ_CONST(body, body, 8);
	if ((args->data_loc_body >> 16) == 8) TP_DATA_LOC_READ(body, body);
	struct sock *sk = (struct sock *)args->skaddr;
	return sk->sk_num + ((struct sock *)args->skaddr)->sk_family + args->pid + args->uid + args->flag + args->delta + args->ok + args->port + args->address[3] + args->kind + comm[0] + name[0] + body[0];
}
