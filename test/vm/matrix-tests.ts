/**
 * Tests of the kernel tier that the matrix leaves out, since they ask what is the same on every kernel: how the CLI words what is wrong with
 * its input, what the cache and clang do, how binaries are read. They run on this machine's kernel with the others. By file, or by the
 * group's name in it.
 */
export const sameEverywhere: Readonly<Record<string, "all" | RegExp>> = {
  leaks: "all",
  "run-errors": "all",
  "run-machine": "all",
  "script-types": "all",
  "python-habits": "all",
  "addon-elf": "all",
  "user-symbols": "all",
  // Timers and closed tables.
  "table-states": "all",
  "time-loop": "all",
  // Clang's names and ours, and its headers, with which it works in the guest.
  "taken-names": "all",
  "own-headers": "all",
  // A machine of the matrix has one processor.
  "event-order": /^events of several CPUs /,
  // The host's own doing, before and after the kernel's.
  "table-batches": /^an? .* refuses what has another shape/,
  // Batches of few are asked for each kind.
  tables: /^(?:tables on this kernel rows are written by the host|a million entries)/,
  containers: /^a filter by containers says what does not fit/,
  "build-id-stacks": /^stacks by build id (?:say what is wrong|have C\+\+ names|are addresses where)/,
  // The help of each tool, and the list of all.
  tools: /^tools by name /,
  // tshark reads files.
  packets: /^packets as tshark reads them /,
  captures: "all",
  // A terminal and lines are the host's own; what texts count is asked of each kernel.
  "live-terminal": "all",
  live: /^what goes wrong in a session /,
  // Files are read and places found before the kernel is asked.
  uprobes: /^(?:what cannot be attached|functions of binaries|uprobes (?:take an address|find |come off))/,
  usdt: /^(?:what cannot be enabled|USDT probes (?:are listed|found by path in|of a fixed-address|.* in a fixed-address program))/,
  // Waiting ends in the same calls, and that signals interrupt them is asked of the addon; the cache is the host's own.
  "run-hello":
    /^(?:signals and the end (?!SIGINT while (?:asleep|in trace_fields))|the lessons (?:what (?:one|a) run|an image))/,
};

/** vitest's arguments that leave them out; names of groups are the kernel tier's own, no two files share one. */
export function listLeftOut(): string[] {
  const files = Object.entries(sameEverywhere).filter(([, left]) => left === "all");
  return [...files.flatMap(([name]) => ["--exclude", `**/${name}.test.ts`]), "--testNamePattern", renderNamePattern()];
}

/** What the names of the tests that remain fit. Shape: as vitest takes it, with spaces between the parts of a name. */
export function renderNamePattern(): string {
  const groups = Object.values(sameEverywhere).flatMap((left) => (left === "all" ? [] : [left.source]));
  return `^(?!${groups.map((group) => group.replace(/^\^/, "")).join("|")})`;
}
