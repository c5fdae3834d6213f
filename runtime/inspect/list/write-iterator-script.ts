import { UsageError } from "../../base/errors.ts";
import type { ListMachine } from "./list-machine.ts";
import { requireSource } from "./list-probes.ts";
import type { Probe, ProbeArgument } from "./probe.ts";

/** A column of the output: its member of the record, the statement that fills it in, and how `printf` shows it. */
interface Column {
  readonly name: string;
  readonly member: string;
  readonly statement: string;
  readonly head: string;
  readonly format: string;
}

/** Iterators that do not know by themselves what they walk through. */
const needsTable: readonly string[] = ["bpf_map_elem", "bpf_sk_storage_map"];

/**
 * Writes a script that prints what an iterator of the kernel walks through. It runs as it is.
 *
 * @throws UsageError for an iterator that needs a table of the script's own
 */
export function writeIteratorScript(machine: ListMachine, probe: Probe): string {
  const { args } = requireSource(probe.kind).describe(machine, probe, undefined);
  if (needsTable.includes(probe.name))
    throw new UsageError(`There is no skeleton for iter:${probe.name}`, {
      hint: "it walks through a table of the script's own: b.read_iter(fn_name, { map: b.tables.NAME })",
    });
  const objects = args.filter(({ type, name }) => name !== "retval" && type !== "struct bpf_iter_meta *");
  const pointers = objects.filter(isPointer);
  const columns = objects.flatMap(describeColumns);
  const heads = ["NUMBER", ...columns.map(({ name }) => name.toUpperCase())].map((name) => JSON.stringify(name));
  return `// Prints what iter:${probe.name} walks through.
//
//   bpfts run FILE
import { BPF, printf } from "bpfts";

const b = new BPF({
  text: /* c */ \`
struct row_t {
    u64 number;
${columns.map(({ member }) => `    ${member};\n`).join("")}};

BPF_ITER(${probe.name}) {
${pointers.map(({ type, name }) => `    ${type}${name} = ctx->${name};\n`).join("")}${pointers.length === 0 ? "" : `    if (${pointers.map(({ name }) => `!${name}`).join(" || ")})\n        return 0; // at the end\n`}    struct row_t row = {};
    row.number = ctx->meta->seq_num;
${columns.map(({ statement }) => `    ${statement}\n`).join("")}    bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
    return 0;
}
\`,
});

printf("${["%-8s", ...columns.map(({ head }) => head)].join(" ")}\\n", ${heads.join(", ")});
for (const row of b.read_iter("bpf_iter__${probe.name}"))
  printf("${["%-8d", ...columns.map(({ format }) => format)].join(" ")}\\n", ${["number", ...columns.map(({ name }) => name)].map((name) => `row.${name}`).join(", ")});
`;
}

function isPointer({ type }: ProbeArgument): boolean {
  return type.endsWith("*");
}

function describeColumns(arg: ProbeArgument): Column[] {
  const { name, type } = arg;
  if (type === "struct task_struct *")
    return [
      { name: "pid", member: "u32 pid", statement: `row.pid = ${name}->tgid;`, head: "%-8s", format: "%-8d" },
      {
        name: "comm",
        member: "char comm[TASK_COMM_LEN]",
        statement: `__builtin_memcpy(row.comm, ${name}->comm, sizeof(row.comm));`,
        head: "%-16s",
        format: "%-16s",
      },
    ];
  const head = "%-18s";
  if (isPointer(arg))
    return [{ name, member: `u64 ${name}`, statement: `row.${name} = (u64)${name};`, head, format: "0x%-16x" }];
  return [{ name, member: `u64 ${name}`, statement: `row.${name} = ctx->${name};`, head, format: "%-18d" }];
}
