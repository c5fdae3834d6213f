import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";
import { findTool } from "./find-tool.ts";
import { listTools } from "./list-tools.ts";
import type { Tool } from "./list-tools.ts";

const examples = `
Examples:
  bpfts tools                        every tool with a line on each
  bpfts execsnoop -x                 run one; what follows its name is its own
  bpfts -c 'ls /tmp' opensnoop       options of "bpfts run" stand before the name
  bpfts opensnoop -c 'ls /tmp'       these also behind it: -c (--command where the tool has a -c of its own), --container,
                                     --filter, --fields, --sort, --columns, --max-events, -o (--output), --utc, --cost,
                                     --max-cpu, --max-rate, --record, --flame, --heatmap, --pcap; bpfts run --help tells of them
  bpfts tools --where biolatency     the file, to read, copy and change`;

/** Adds `bpfts tools`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("tools")
    .summary("list the tools that come with bpfts")
    .description("List the tools that come with bpfts, by subject. Each is an ordinary script and runs by its name.")
    .option("--where <name>", "print the path of a tool's script")
    .addHelpText("after", examples)
    .action(({ where }: { readonly where?: string }) => {
      process.stdout.write(where === undefined ? renderTools(listTools()) : `${requireTool(where)}\n`);
      finish(0);
    });
}

/** @throws UsageError when there is no tool of that name */
function requireTool(name: string): string {
  const path = findTool(name);
  if (path !== undefined) return path;
  const similar = findSimilar(
    name,
    listTools().map((row) => row.name),
  );
  throw new UsageError(`There is no tool "${name}"`, {
    hint: similar === undefined ? "bpfts tools lists them" : `did you mean "${similar}"?`,
  });
}

function renderTools(tools: readonly Tool[]): string {
  const width = Math.max(...tools.map(({ name }) => name.length));
  const subjects = [...new Set(tools.map(({ subject }) => subject))].sort();
  const sections = subjects.map((subject) => {
    const rows = tools.filter((tool) => tool.subject === subject);
    return `${subject}:\n${rows.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join("")}`;
  });
  return `${sections.join("\n")}\nbpfts NAME --help says what a tool can do.\n`;
}
