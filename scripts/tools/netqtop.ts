// Shows again and again how many packets, and of which sizes, go through each queue of a network device.
// Subject: network
//
//   bpfts netqtop -n eth0            every second
//   bpfts netqtop -n eth0 -i 5 -t    every five seconds, with bytes and packets per second
//
// Source: BCC's netqtop, whose options and layout these are. A device is that of one network namespace, the one that bpfts runs in unless --netns names another: BCC's adds up all devices of a name.
import {
  BPF,
  eprint,
  exit,
  intervals,
  is_json_output,
  json_output,
  monotonic_ns,
  netns_id,
  parse_args,
  positive_seconds,
  print,
  read_file,
  sprintf,
  strftime,
  tool_options,
} from "bpfts";

const { duration, json } = tool_options;
const args = parse_args({
  description: "Show packets by the queues of a network device",
  examples: `
examples:
    bpfts netqtop -n eth0        # sizes of the packets in each queue, every second
    bpfts netqtop -n eth0 -i 2   # every two seconds
    bpfts netqtop -n eth0 -t     # with bytes and packets per second`,
  arguments: {
    name: { flags: ["-n", "--name"], type: "string", help: "the network device" },
    interval: {
      flags: ["-i", "--interval"],
      type: positive_seconds,
      default: 1,
      help: "output interval, in seconds (default %(default)s)",
    },
    throughput: { flags: ["-t", "--throughput"], help: "print bytes (BPS) and packets (PPS) per second" },
    netns: {
      flags: ["--netns"],
      type: "int",
      metavar: "INODE",
      help: "the device is in this network namespace, by the number of ls -Li",
    },
    duration,
    json,
  },
});
json_output(args.json);

const device = args.name ?? fail("Please specify a network interface.");
if (device.length > 15) fail("NIC name too long");
if (!/^[^\s"\\/%]+$/.test(device)) fail(`Net interface ${device} does not exist.`);
const ownNetns = netns_id(Number(read_file("/proc/self/stat").split(" ")[0]));
const isOwn = args.netns === undefined || args.netns === ownNetns;
if (isOwn && !listDevices().includes(device))
  fail(`Net interface ${device} does not exist. There are: ${listDevices().join(", ")}`);

const b = new BPF({
  text: /* c */ `
struct name_t {
    char text[16];
};

struct queue_t {
    u32 is_sent;
    u32 id;
};

struct sum_t {
    u64 bytes;
    u64 packets;
    u64 sizes[5];
};

BPF_HASH(queues, struct queue_t, struct sum_t, 8192);
BPF_ARRAY(queue_numbers, u32, 2);

static inline int is_wanted(struct net_device *dev) {
    struct name_t wanted = { .text = "${device}" }, name = {};
    if (!dev || dev->nd_net.net->ns.inum != NETNS)
        return 0;
    bpf_probe_read_kernel_str(&name.text, sizeof(name.text), dev->name);
    return memcmp(&name, &wanted, sizeof(name)) == 0;
}

static inline void add(struct net_device *dev, u32 is_sent, u32 id, u64 bytes) {
    struct queue_t key = { .is_sent = is_sent, .id = id };
    struct sum_t zero = {}, *sum = queues.lookup_or_try_init(&key, &zero);
    u32 number = is_sent ? dev->real_num_tx_queues : dev->real_num_rx_queues;
    queue_numbers.update(&is_sent, &number);
    if (!sum)
        return;
    lock_xadd(&sum->bytes, bytes);
    lock_xadd(&sum->packets, 1);
    if (bytes < 64)
        lock_xadd(&sum->sizes[0], 1);
    else if (bytes < 512)
        lock_xadd(&sum->sizes[1], 1);
    else if (bytes < 2048)
        lock_xadd(&sum->sizes[2], 1);
    else if (bytes < 16384)
        lock_xadd(&sum->sizes[3], 1);
    else
        lock_xadd(&sum->sizes[4], 1);
}

RAW_TRACEPOINT_PROBE(net_dev_start_xmit) {
    struct sk_buff *skb = (struct sk_buff *)ctx->args[0];
    struct net_device *dev = (struct net_device *)ctx->args[1];
    if (is_wanted(dev))
        add(dev, 1, skb->queue_mapping, skb->len);
    return 0;
}

// A driver notes the queue of what it receives by its number and one: 0 is a device with one queue.
RAW_TRACEPOINT_PROBE(netif_receive_skb) {
    struct sk_buff *skb = (struct sk_buff *)ctx->args[0];
    struct net_device *dev = skb->dev;
    if (is_wanted(dev))
        add(dev, 0, skb->queue_mapping ? skb->queue_mapping - 1 : 0, skb->len);
    return 0;
}
`,
  cflags: [`-DNETNS=${args.netns ?? ownNetns}u`],
});

interface Queue {
  readonly is_sent: number;
  readonly id: number;
}

interface Sum {
  readonly bytes: number;
  readonly packets: number;
  readonly sizes: readonly number[];
}

const nothing: Sum = { bytes: 0, packets: 0, sizes: [0, 0, 0, 0, 0] };
const sizeHeads = ["[0, 64)", "[64, 512)", "[512, 2K)", "[2K, 16K)", "[16K, 64K)"];
const queues = b.table<Queue, Sum>("queues", { u64: "number" });
const numbers = b.table<number, number>("queue_numbers");
let since = monotonic_ns();
for (const _ of intervals(args.interval, undefined, args.duration)) {
  const rows = [...queues.items_lookup_and_delete_batch()];
  const now = monotonic_ns();
  const seconds = Number(now - since) / 1e9;
  since = now;
  if (!is_json_output()) print(strftime("%a %b %e %H:%M:%S %Y"));
  show(
    "TX",
    seconds,
    rows.filter(([{ is_sent }]) => is_sent === 1),
  );
  if (!is_json_output()) print();
  show(
    "RX",
    seconds,
    rows.filter(([{ is_sent }]) => is_sent === 0),
  );
  if (!is_json_output()) print("-".repeat(args.throughput ? 95 : 77));
}

function show(direction: "TX" | "RX", seconds: number, rows: readonly (readonly [Queue, Sum])[]): void {
  const sums = new Map(rows.map(([{ id }, sum]) => [id, sum]));
  const number = Math.max(countQueues(direction), ...[...sums.keys()].map((id) => id + 1));
  const ids = Array.from({ length: number }, (_, id) => id);
  if (is_json_output()) {
    const time = strftime("%H:%M:%S");
    for (const id of ids) {
      const { bytes, packets, sizes } = sums.get(id) ?? nothing;
      print(JSON.stringify({ time, direction: direction.toLowerCase(), queue: id, packets, bytes, sizes }));
    }
    return;
  }
  print(direction);
  const heads = ["QueueID", "avg_size", ...sizeHeads, ...(args.throughput ? ["BPS", "PPS"] : [])];
  print(` ${heads.map((head) => head.padEnd(11)).join("")}`);
  for (const id of ids) printSum(String(id), sums.get(id) ?? nothing, seconds);
  printSum("Total", [...sums.values()].reduce(add, nothing), seconds);
}

function add(a: Sum, b: Sum): Sum {
  return {
    bytes: a.bytes + b.bytes,
    packets: a.packets + b.packets,
    sizes: a.sizes.map((count, at) => count + b.sizes[at]!),
  };
}

function printSum(name: string, { bytes, packets, sizes }: Sum, seconds: number): void {
  const rates = args.throughput ? [bytes / seconds, packets / seconds] : [];
  const cells = [packets === 0 ? 0 : bytes / packets, ...sizes, ...rates];
  print(` ${[name, ...cells.map(shorten)].map((cell) => cell.padEnd(11)).join("")}`);
}

/** BCC's short numbers: two digits behind the point, without noughts at the end. */
function shorten(value: number): string {
  const [divisor, unit] = value > 1_000_000 ? [1 << 20, "M"] : value > 1000 ? [1024, "K"] : [1, ""];
  return `${Number(sprintf("%.2f", value / divisor))}${unit}`;
}

/** The kernel tells with each packet; before the first one the folder of the device does, which has one file or more for each queue. */
function countQueues(direction: "TX" | "RX"): number {
  const known = numbers.get(direction === "TX" ? 1 : 0) ?? 0;
  if (known > 0 || !isOwn) return Math.max(1, known);
  const [prefix, file] = direction === "TX" ? ["tx", "tx_timeout"] : ["rx", "rps_cpus"];
  const haveQueue = (id: number): boolean =>
    tryRead(`/sys/class/net/${device}/queues/${prefix}-${id}/${file}`) !== undefined;
  let count = 0;
  while (count < 4096 && haveQueue(count)) count++;
  return Math.max(1, count);
}

function tryRead(path: string): string | undefined {
  try {
    return read_file(path);
  } catch {
    return undefined;
  }
}

function listDevices(): string[] {
  return [...read_file("/proc/self/net/dev").matchAll(/^ *([^\s:]+(?::[^\s:]+)*): /gm)].map(([, name]) => name!);
}

function fail(message: string): never {
  eprint(message);
  return exit(1);
}
