// Shows what programs send and receive through TLS, before it is encrypted and after it is decrypted.
// Subject: security
//
//   bpfts sslsniff -p 181                       OpenSSL, GnuTLS and NSS in one process
//   bpfts -c 'curl -s https://example.org' sslsniff
//
// Source: BCC's sslsniff, whose options and columns these are. It sees SSL_read_ex() and SSL_write_ex(), too, by which Python and others call OpenSSL, and passes by libraries that are not installed.
import {
  BPF,
  decode_text,
  eprint,
  exit,
  filter_by_process,
  is_json_output,
  json_output,
  parse_args,
  poll_events,
  positive_int,
  print,
  sprintf,
  tool_options,
  process_id,
} from "bpfts";

const kinds = ["openssl", "gnutls", "nss"] as const;
type Kind = (typeof kinds)[number];

function readLibrary(text: string): { readonly kind: Kind; readonly path: string } {
  const [, kind, path] = /^(\w+):(.+)$/.exec(text) ?? [];
  if (path === undefined) throw new Error(`Invalid SSL library param: '${text}'`);
  if (!kinds.includes(kind as Kind)) throw new Error(`Invalid SSL library type: '${kind}'`);
  return { kind: kind as Kind, path };
}

const args = parse_args({
  description: "Sniff SSL data",
  examples: `
examples:
    bpfts sslsniff              # sniff OpenSSL and GnuTLS functions
    bpfts sslsniff -p 181       # sniff PID 181 only
    bpfts sslsniff -u 1000      # sniff only UID 1000
    bpfts sslsniff -c curl      # sniff curl command only
    bpfts sslsniff --no-openssl # don't show OpenSSL calls
    bpfts sslsniff --no-gnutls  # don't show GnuTLS calls
    bpfts sslsniff --no-nss     # don't show NSS calls
    bpfts sslsniff --hexdump    # show data as hex instead of trying to decode it as UTF-8
    bpfts sslsniff -x           # show process UID and TID
    bpfts sslsniff -l           # show function latency
    bpfts sslsniff -l --handshake  # show SSL handshake latency
    bpfts sslsniff --extra-lib openssl:/path/libssl.so.1.1 # sniff extra library`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "sniff this PID only." },
    uid: { flags: ["-u", "--uid"], type: "int", help: "sniff this UID only." },
    extra: { flags: ["-x", "--extra"], help: "show extra fields (UID, TID)" },
    comm: { flags: ["-c", "--comm"], type: "string", help: "sniff only commands matching string." },
    no_openssl: { flags: ["-o", "--no-openssl"], help: "do not show OpenSSL calls." },
    no_gnutls: { flags: ["-g", "--no-gnutls"], help: "do not show GnuTLS calls." },
    no_nss: { flags: ["-n", "--no-nss"], help: "do not show NSS calls." },
    hexdump: { flags: ["--hexdump"], help: "show data as hexdump instead of trying to decode it as UTF-8" },
    max_buffer_size: {
      flags: ["--max-buffer-size"],
      type: positive_int,
      default: 8192,
      help: "Size of captured buffer",
    },
    latency: { flags: ["-l", "--latency"], help: "show function latency" },
    handshake: {
      flags: ["--handshake"],
      help: "show SSL handshake latency, enabled only if latency option is on.",
    },
    extra_lib: {
      flags: ["--extra-lib"],
      type: readLibrary,
      repeat: true,
      metavar: "TYPE:PATH",
      help: "Intercept calls from extra library (format: lib_type:lib_path)",
    },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct call_t {
    u64 ts;
    const void *data;
    const size_t *size;
};

struct event_t {
    u64 ts;
    u64 span_ns;
    u32 pid;
    u32 tid;
    u32 uid;
    u32 size;
    u32 kept;
    u32 kind;
    char comm[TASK_COMM_LEN];
    u8 data[MAX_SIZE];
};

BPF_HASH(calls, u32, struct call_t);
BPF_PERCPU_ARRAY(buffers, struct event_t, 1);
BPF_PERF_OUTPUT(events);

static inline int on_entry(const void *data, const size_t *size) {
    u32 tid = bpf_get_current_pid_tgid();
    struct call_t call = { .ts = bpf_ktime_get_ns(), .data = data, .size = size };
    if (!UID_UNWANTED && !process_should_be_filtered())
        calls.update(&tid, &call);
    return 0;
}

static inline int on_return(struct pt_regs *ctx, u32 kind) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id, zero = 0;
    int ret = PT_REGS_RC(ctx);
    struct call_t *found = calls.lookup(&tid);
    if (!found)
        return 0;
    struct call_t call = *found;
    calls.delete(&tid);
    struct event_t *event = buffers.lookup(&zero);
    if (ret <= 0 || !event)
        return 0;
    size_t size = ret;
    // The newer functions answer 1, and the size by a pointer.
    if (call.size)
        bpf_probe_read_user(&size, sizeof(size), call.size);
    event->ts = bpf_ktime_get_ns();
    event->span_ns = event->ts - call.ts;
    event->pid = id >> 32;
    event->tid = tid;
    event->uid = bpf_get_current_uid_gid();
    event->size = size;
    event->kind = kind;
    bpf_get_current_comm(&event->comm, sizeof(event->comm));
    u64 kept = kind == HANDSHAKE ? 0 : size < MAX_SIZE ? size : MAX_SIZE;
    event->kept = kept > 0 && bpf_probe_read_user(&event->data, kept, call.data) == 0 ? kept : 0;
    events.perf_submit(ctx, event, sizeof(*event));
    return 0;
}

int on_call(struct pt_regs *ctx, void *session, void *data, int size) { return on_entry(data, NULL); }
int on_call_ex(struct pt_regs *ctx, void *session, void *data, size_t size, size_t *done) { return on_entry(data, done); }
int on_read(struct pt_regs *ctx) { return on_return(ctx, 0); }
int on_write(struct pt_regs *ctx) { return on_return(ctx, 1); }
int on_handshake(struct pt_regs *ctx) { return on_return(ctx, HANDSHAKE); }
`,
  cflags: [
    "-DHANDSHAKE=2",
    `-DMAX_SIZE=${args.max_buffer_size}`,
    `-DUID_UNWANTED=${args.uid === undefined ? "0" : `((u32)bpf_get_current_uid_gid() != ${args.uid})`}`,
  ],
});

type Returned = "on_read" | "on_write" | "on_handshake";
/** The functions of each library that carry data, and what runs when they return. */
const functions: Readonly<Record<Kind, readonly (readonly [name: string, returned: Returned])[]>> = {
  openssl: [
    ["SSL_read", "on_read"],
    ["SSL_read_ex", "on_read"],
    ["SSL_write", "on_write"],
    ["SSL_write_ex", "on_write"],
    ...(args.latency && args.handshake ? [["SSL_do_handshake", "on_handshake"] as const] : []),
  ],
  gnutls: [
    ["gnutls_record_recv", "on_read"],
    ["gnutls_record_send", "on_write"],
  ],
  nss: [
    ["PR_Read", "on_read"],
    ["PR_Recv", "on_read"],
    ["PR_Write", "on_write"],
    ["PR_Send", "on_write"],
  ],
};
const names: Readonly<Record<Kind, string>> = { openssl: "ssl", gnutls: "gnutls", nss: "nspr4" };
const unwanted = { openssl: args.no_openssl, gnutls: args.no_gnutls, nss: args.no_nss };

let attached = 0;
for (const kind of kinds) if (!unwanted[kind] && BPF.find_library(names[kind]) !== undefined) attach(kind, names[kind]);
for (const { kind, path } of args.extra_lib) attach(kind, path);
if (attached === 0) {
  eprint("sslsniff: no TLS library is installed whose functions could be traced: name one by --extra-lib");
  exit(1);
}

function attach(kind: Kind, name: string): void {
  const pid = args.pid === undefined ? {} : { pid: args.pid };
  for (const [sym, returned] of functions[kind]) {
    // OpenSSL before 1.1.1 has no functions of the newer form.
    if (BPF.get_user_functions(name, `^${sym}$`).length === 0) continue;
    b.attach_uprobe({ name, sym, fn_name: sym.endsWith("_ex") ? "on_call_ex" : "on_call", ...pid });
    b.attach_uretprobe({ name, sym, fn_name: returned, ...pid });
    attached++;
  }
}

interface DataEvent {
  readonly ts: bigint;
  readonly span_ns: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly uid: number;
  readonly size: number;
  readonly kept: number;
  readonly kind: number;
  readonly comm: string;
  readonly data: Uint8Array;
}

let first: bigint | undefined;
const kindNames = ["READ/RECV", "WRITE/SEND", "HANDSHAKE"];

function renderHex(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return (digits.match(/.{1,32}/g) ?? []).join("\n");
}

function show(event: DataEvent): void {
  if (args.comm !== undefined && event.comm !== args.comm) return;
  const { comm, pid, tid, uid, size } = event;
  const [func, seconds, ms] = [
    kindNames[event.kind]!,
    Number(event.ts - (first ??= event.ts)) / 1e9,
    Number(event.span_ns) / 1e6,
  ];
  const bytes = event.data.subarray(0, event.kept);
  const data = args.hexdump ? renderHex(bytes) : decode_text(bytes);
  // What a terminal would act on is shown as an escape.
  const shown = data
    .split("\n")
    .map((line) => sprintf("%s", line))
    .join("\n");
  const lost = event.kind === 2 ? 0 : size - event.kept;
  if (is_json_output()) return print(JSON.stringify({ func, seconds, comm, pid, tid, uid, len: size, ms, data, lost }));
  const line = [
    sprintf("%-12s %-18.9f %-16s %-7d %-6d", func, seconds, comm, pid, size),
    ...(args.extra ? [sprintf("%-7d %-7d", uid, tid)] : []),
    ...(args.latency ? [sprintf("%-7s", ms.toFixed(3))] : []),
  ].join(" ");
  if (event.kept === 0) return print(line);
  const end = lost > 0 ? `----- END DATA (TRUNCATED, ${lost} bytes lost) -----` : "----- END DATA -----";
  print(`${line}\n----- DATA -----\n${shown}\n${end}\n\n`);
}

if (!is_json_output()) {
  const heads = [sprintf("%-12s %-18s %-16s %-7s %-7s", "FUNC", "TIME(s)", "COMM", "PID", "LEN")];
  if (args.extra) heads.push(sprintf("%-7s %-7s", "UID", "TID"));
  if (args.latency) heads.push("LAT(ms)");
  print(heads.join(" ").trimEnd());
}
b.table<never, DataEvent>("events").open_perf_buffer(show, { page_cnt: 128, by_time: true });
poll_events(args.duration);
