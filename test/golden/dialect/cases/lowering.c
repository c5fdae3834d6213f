// Every method alone: its .calls file says what it becomes once all macros are expanded.
BPF_HASH(h, u32, u64); BPF_PERCPU_HASH(p, u32, u64); BPF_PERF_OUTPUT(ev); BPF_RINGBUF_OUTPUT(rb, 1); BPF_PERF_ARRAY(pa, 1); BPF_STACK_TRACE(st, 1); BPF_PROG_ARRAY(pr, 1); BPF_CGROUP_ARRAY(cg, 1);
BPF_DEVMAP(dm, 1); BPF_SOCKMAP(sm, 1); BPF_SOCKHASH(sh); BPF_SK_STORAGE(ss, u64); BPF_INODE_STORAGE(is, u64); BPF_TASK_STORAGE(ts, u64); BPF_CGROUP_STORAGE(gs, u64); BPF_QUEUE(q, u64, 1);
static u64 *lookup(u32 *k) { return h.lookup(k); }
static u64 *lookup_or_try_init(u32 *k, u64 *v) { return h.lookup_or_try_init(k, v); }
static u64 lookup_or_init(u32 *k, u64 *v) { return *h.lookup_or_init(k, v); }
static void lookup_or_init_void(u32 *k, u64 *v) { h.lookup_or_init(k, v); }
static int update(u32 *k, u64 *v) { return h.update(k, v); }
static int insert(u32 *k, u64 *v) { return h.insert(k, v); }
static int delete(u32 *k) { return h.delete(k); }
static void increment(u32 k) { h.increment(k); }
static void atomic_increment(u32 k) { p.atomic_increment(k, 2); }
static int perf_submit(void *ctx, u64 *v) { return ev.perf_submit(ctx, v, 8); }
static int perf_submit_skb(void *skb, u64 *v) { return ev.perf_submit_skb(skb, 64, v, 8); }
static int ringbuf_output(u64 *v) { return rb.ringbuf_output(v, 8, 0); }
static void *ringbuf_reserve(void) { return rb.ringbuf_reserve(8); }
static void ringbuf_submit(u64 *v) { rb.ringbuf_submit(v, 0); }
static void ringbuf_discard(u64 *v) { rb.ringbuf_discard(v, 0); }
static u64 ringbuf_query(void) { return rb.ringbuf_query(BPF_RB_AVAIL_DATA); }
static u64 perf_read(void) { return pa.perf_read(1); }
static int perf_counter_value(struct bpf_perf_event_value *v) { return pa.perf_counter_value(1, v, sizeof(*v)); }
static int get_stackid(void *ctx) { return st.get_stackid(ctx, 0); }
static void call(void *ctx) { pr.call(ctx, 3); }
static int check_current_task(void) { return cg.check_current_task(0); }
static int redirect_map(void) { return dm.redirect_map(1, 0); }
static void sock_map_update(struct bpf_sock_ops *ops, u32 *k) { sm.sock_map_update(ops, k, 0); }
static void sock_hash_update(struct bpf_sock_ops *ops, u32 *k) { sh.sock_hash_update(ops, k, 0); }
static int msg_redirect_hash(struct sk_msg_md *msg, u32 *k) { return sh.msg_redirect_hash(msg, k, 0); }
static int sk_redirect_hash(struct __sk_buff *skb, u32 *k) { return sh.sk_redirect_hash(skb, k, 0); }
static u64 *sk_storage_get(struct bpf_sock *sk) { return ss.sk_storage_get(sk, 0, 1); }
static int sk_storage_delete(struct bpf_sock *sk) { return ss.sk_storage_delete(sk); }
static u64 *inode_storage_get(struct inode *inode) { return is.inode_storage_get(inode, 0, 1); }
static int inode_storage_delete(struct inode *inode) { return is.inode_storage_delete(inode); }
static u64 *task_storage_get(struct task_struct *task) { return ts.task_storage_get(task, 0, 1); }
static int task_storage_delete(struct task_struct *task) { return ts.task_storage_delete(task); }
static u64 *get_local_storage(void) { return gs.get_local_storage(0); }
static int push(u64 *v) { return q.push(v, BPF_EXIST); }
static int pop(u64 *v) { return q.pop(v); }
static int peek(u64 *v) { return q.peek(v); }
static void printk(int n) { bpf_trace_printk("n %d\n", n); bpf_trace_printk("%d %d %d %d\n", n, n, n, n); }
int on_probe(struct pt_regs *ctx) { u32 key = 0; u64 *found = lookup(&key); return found ? *found : 0; }
