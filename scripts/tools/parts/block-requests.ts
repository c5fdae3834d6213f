import { AttachError, BPF, eprint, exit, read_file } from "bpfts";
import { is_older_than } from "./kernel-version.ts";

/**
 * C text that follows each request to a disk and calls `on_done(ctx, rq, request, now)` when the disk has done all of it. The tool defines `on_done`, and puts
 * `filter_by_process` before. A request is of the process that made it; where the kernel has no tracepoint for that (before 6.5), of the one that puts it
 * into the disk's queue, and flushes of the disk's cache are seen, too.
 */
export function follow_requests(disk: string | undefined): string {
  const haveStart = BPF.tracepoint_exists("block", "block_io_start");
  const request = `(struct request *)ctx->args[${haveQueueArgument() ? 1 : 0}]`;
  return `
struct request___with_disk { struct gendisk *rq_disk; } __attribute__((preserve_access_index));
struct request_queue___with_disk { struct gendisk *disk; } __attribute__((preserve_access_index));

static inline struct gendisk *disk_of(struct request *rq) {
    struct request___with_disk *older = (void *)rq;
    if (bpf_core_field_exists(older->rq_disk))
        return BPF_CORE_READ(older, rq_disk);
    struct request_queue___with_disk *queue = (void *)rq->q;
    return BPF_CORE_READ(queue, disk);
}

struct request_t {
    u64 made;
    u64 issued;
    u64 bytes;
    u32 pid;
    char comm[TASK_COMM_LEN];
};
BPF_HASH(requests, struct request *, struct request_t, 65536);

static inline void on_done(void *ctx, struct request *rq, struct request_t *request, u64 now);

static inline int on_made(struct request *rq) {
    struct gendisk *disk = disk_of(rq);
    if (process_should_be_filtered() || ${disk === undefined ? "0" : refuseOther(disk)})
        return 0;
    struct request_t request = { .made = bpf_ktime_get_ns(), .pid = bpf_get_current_pid_tgid() >> 32 };
    bpf_get_current_comm(&request.comm, sizeof(request.comm));
    requests.update(&rq, &request);
    return 0;
}
${
  haveStart
    ? "RAW_TRACEPOINT_PROBE(block_io_start) { return on_made((struct request *)ctx->args[0]); }"
    : `RAW_TRACEPOINT_PROBE(block_rq_insert) { return on_made(${request}); }
${BPF.tracepoint_exists("block", "block_rq_merge") ? forgetMerged(request) : ""}`
}

RAW_TRACEPOINT_PROBE(block_rq_issue) {
    struct request *rq = ${request};
    struct request_t *known = requests.lookup(&rq);
    if (!known && !${haveStart ? 1 : 0}) {
        on_made(rq);
        known = requests.lookup(&rq);
    }
    if (known) {
        known->issued = bpf_ktime_get_ns();
        known->bytes = rq->__data_len;
    }
    return 0;
}

// A disk may do a request in parts.
RAW_TRACEPOINT_PROBE(block_rq_complete) {
    struct request *rq = (struct request *)ctx->args[0];
    struct request_t *known = requests.lookup(&rq);
    if (!known || (u32)ctx->args[2] < rq->__data_len)
        return 0;
    if (known->issued)
        on_done(ctx, rq, known, bpf_ktime_get_ns());
    requests.delete(&rq);
    return 0;
}
`;
}

/** Whether the queue stands before the request, as it did before 5.11. Stable kernels have taken the change, too, so the kernel itself is asked: it refuses a look at what is not there. */
function haveQueueArgument(): boolean {
  if (!is_older_than(5, 11)) return false;
  try {
    new BPF({ text: "RAW_TRACEPOINT_PROBE(block_rq_issue) { return ctx->args[1] == 0; }" }).close();
    return true;
  } catch (error) {
    if (error instanceof AttachError) return false;
    throw error;
  }
}

/** A request that becomes part of another is never done. Since: Linux 5.9 */
function forgetMerged(request: string): string {
  return `RAW_TRACEPOINT_PROBE(block_rq_merge) {
    struct request *rq = ${request};
    requests.delete(&rq);
    return 0;
}`;
}

/** C text of a condition: that `disk` is another one. Ends the script when there is no disk of that name. */
function refuseOther(name: string): string {
  const read = (file: string): string | undefined => {
    try {
      return read_file(`/sys/class/block/${name}/${file}`);
    } catch {
      return undefined;
    }
  };
  const numbers = /^[\w!:.-]+$/.test(name) ? read("dev")?.split(":").map(Number) : undefined;
  if (numbers === undefined || read("partition") !== undefined) {
    eprint(
      numbers === undefined ? `no such disk '${name}'` : `'${name}' is a partition: give the disk that it is part of`,
    );
    exit(1);
  }
  return `!(disk->major == ${numbers[0]} && disk->first_minor == ${numbers[1]})`;
}
