import type { StackSums } from "./stack-store.ts";

/** One function of a stack as a span: its width is its weight. Source: "Trace Event Format", complete events. */
interface Span {
  readonly name: string;
  readonly ph: "X";
  readonly pid: number;
  readonly tid: number;
  /** Units: what the stacks count, one to a microsecond. */
  readonly ts: number;
  dur: number;
}

/**
 * The stacks as trace events, which Perfetto and chrome://tracing read. Sums have no times: spans stand side by side by their names, and are as long as
 * what they weigh.
 */
export function renderTraceEvents({ unit, stacks }: StackSums, title: string): string {
  const spans: Span[] = [];
  let open: Span[] = [];
  let at = 0;
  const ordered = [...stacks].sort((a, b) => compare(a.names, b.names));
  for (const { names, value } of ordered) {
    const same = open.findIndex((span, depth) => span.name !== names[depth]);
    open = open.slice(0, same < 0 ? Math.min(open.length, names.length) : same);
    for (const name of names.slice(open.length)) {
      const span: Span = { name, ph: "X", pid: 1, tid: 1, ts: at, dur: 0 };
      spans.push(span);
      open.push(span);
    }
    for (const span of open) span.dur += Number(value);
    at += Number(value);
  }
  const names = [
    { name: "process_name", ph: "M", pid: 1, args: { name: title } },
    { name: "thread_name", ph: "M", pid: 1, tid: 1, args: { name: unitNames[unit] } },
  ];
  return JSON.stringify({ traceEvents: [...names, ...spans], otherData: { exporter: "bpfts", unit } });
}

const unitNames: Readonly<Record<StackSums["unit"], string>> = {
  count: "1 us is one sample",
  us: "time of all samples",
  bytes: "1 us is one byte",
};

function compare(a: readonly string[], b: readonly string[]): number {
  for (let depth = 0; depth < Math.min(a.length, b.length); depth++) {
    if (a[depth]! < b[depth]!) return -1;
    if (a[depth]! > b[depth]!) return 1;
  }
  return a.length - b.length;
}
