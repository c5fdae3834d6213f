import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { openLiveObjects } from "../inspect/objects/live-objects.ts";
import type { LiveObjects } from "../inspect/objects/live-objects.ts";
import { findObjects, requireObject } from "../inspect/objects/find-object.ts";
import { describeMaps, renderMap, renderMaps } from "../inspect/map/describe-maps.ts";
import { deleteEntry, findAskedSide, readEntries, readEntry, writeEntry } from "../inspect/map/map-entries.ts";
import { withMap } from "../inspect/map/open-map.ts";
import type { MapSide, OpenedMap } from "../inspect/map/open-map.ts";
import { describeShape, parseTyped } from "../inspect/map/parse-typed.ts";
import {
  describeValues,
  renderEntries,
  renderEntriesJson,
  renderHistogram,
  renderValues,
} from "../inspect/map/render-entries.ts";
import { renderJson } from "../../sdk/print/render-json.ts";

const listExamples = `
A map is named by its id, by its name, or by the path where it is pinned.

Examples:
  bpfts map                           every map: its types, the programs that use it, who holds it
  bpfts map counts                    all that is known of the maps of that name
  bpfts map dump counts               what is in it, by the C types of its keys and values
  bpfts map get counts 42             the value of one key; bpfts map set, bpfts map delete`;

const dumpExamples = `
Examples:
  bpfts map dump counts               { pid: 181, comm: "bash" } => 5
  bpfts map dump --json 42 | jq '.[] | select(.value > 5)'
  bpfts map dump --hist usecs dist    as a histogram, where the program counts into slots of bpf_log2l()`;

const typedHelp = `
Keys and values are JSON. Numbers may be hexadecimal, a text needs no quotes, and bytes may be 0x0102….

Examples:`;

interface OutputFlags {
  readonly json: boolean;
}

interface DumpFlags extends OutputFlags {
  readonly hist?: string | true;
  readonly linear?: string | true;
}

/** Adds `bpfts map`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  const map = addOutput(program.command("map"))
    .summary("list the BPF maps in the kernel, print and change what is in them")
    .description("List the BPF maps in the kernel, or tell all that is known of one. They may be of any tool.")
    .argument("[map]", "its id, its name or the path where it is pinned")
    .addHelpText("after", listExamples)
    .action((word: string | undefined, { json }: OutputFlags) => {
      process.stdout.write(renderList(openLiveObjects(), word, json));
      finish(0);
    });
  addOutput(map.command("dump"))
    .description("print what is in a map, by the C types of its keys and values; as bytes where no type is known")
    .argument("<map>", "its id, its name or the path where it is pinned")
    .option("--hist [unit]", "draw it as a histogram of powers of two")
    .option("--linear [unit]", "draw it as a histogram with a row for each slot")
    .addHelpText("after", dumpExamples)
    .action((word: string, flags: DumpFlags, command: Command) => {
      process.stdout.write(
        openNamed(word, (opened, objects) => renderDump(opened, objects, mergeJson(flags, command))),
      );
      finish(0);
    });
  addOutput(map.command("get"))
    .description("print the value of one key; of a queue or a stack, without a key, what comes next")
    .argument("<map>", "its id, its name or the path where it is pinned")
    .argument("[key]", "the key, as JSON")
    .addHelpText("after", `${typedHelp}\n  bpfts map get counts 42\n  bpfts map get counts '{"pid":181,"comm":"bash"}'`)
    .action((word: string, key: string | undefined, flags: OutputFlags, command: Command) => {
      process.stdout.write(
        openNamed(word, (opened, objects) => {
          const values = readEntry(opened, parseKey(opened, findAskedSide(opened), key));
          return mergeJson(flags, command).json
            ? `${renderJson(describeValues(opened, values), 2)}\n`
            : `${renderValues(opened, values, objects.nameAddress).replace(/^\n/, "")}\n`;
        }),
      );
      finish(0);
    });
  map
    .command("set")
    .description("write the value of a key, on every CPU where each has its own; append to a queue or a stack")
    .argument("<map>", "its id, its name or the path where it is pinned")
    .argument("<words...>", "the key and the value, as JSON; of a queue or a stack the value alone")
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText(
      "after",
      `${typedHelp}\n  bpfts map set limits 42 1000\n  bpfts map set names 1 '{"id":5,"name":"web"}'`,
    )
    .action((word: string, words: readonly string[]) => {
      openNamed(word, (opened) => {
        const [value, key] = takeValue(opened, words);
        writeEntry(
          opened,
          parseKey(opened, opened.key, key),
          parseTyped(value, requireValue(opened).layout, `the value of "${opened.name}"`),
        );
      });
      finish(0);
    });
  map
    .command("delete")
    .description("delete a key; take what comes next out of a queue or a stack")
    .argument("<map>", "its id, its name or the path where it is pinned")
    .argument("[key]", "the key, as JSON")
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", `${typedHelp}\n  bpfts map delete counts 42`)
    .action((word: string, key: string | undefined) => {
      openNamed(word, (opened) => deleteEntry(opened, parseKey(opened, opened.key, key)));
      finish(0);
    });
}

function addOutput(command: Command): Command {
  return command
    .option("--json", "print JSON; what bpftool prints too has bpftool's name", false)
    .option("--json-errors", "write errors as JSON, one a line");
}

/** `bpfts map --json dump ID` gives the option to the command around it. */
function mergeJson<T extends OutputFlags>(flags: T, command: Command): T {
  return { ...flags, json: flags.json || (command.parent!.opts() as OutputFlags).json };
}

function renderList(objects: LiveObjects, word: string | undefined, asJson: boolean): string {
  const all = objects.listMaps();
  const rows = describeMaps(objects, word === undefined ? all : findObjects(objects.port, "map", word, all));
  if (asJson) return `${renderJson(rows, 2)}\n`;
  return word === undefined ? renderMaps(rows) : rows.map((row) => renderMap(objects, row)).join("\n");
}

function openNamed<T>(word: string, use: (map: OpenedMap, objects: LiveObjects) => T): T {
  const objects = openLiveObjects();
  const info = requireObject(objects.port, "map", word, objects.listMaps());
  return withMap(objects, info, (opened) => use(opened, objects));
}

function renderDump(map: OpenedMap, objects: LiveObjects, { json, hist, linear }: DumpFlags): string {
  const entries = readEntries(map);
  const unit = hist ?? linear;
  if (unit !== undefined) return renderHistogram(map, entries, unit === true ? "value" : unit, hist === undefined);
  return json ? renderEntriesJson(map, entries) : renderEntries(map, entries, objects.nameAddress);
}

/** @throws UsageError */
function parseKey(map: OpenedMap, side: MapSide | undefined, text: string | undefined): unknown {
  if (side === undefined) {
    if (text === undefined) return undefined;
    throw new UsageError(`"${map.name}" has no keys: it is a ${map.kind?.name.toLowerCase() ?? "map without any"}`, {
      hint: "leave the key out",
    });
  }
  if (text === undefined)
    throw new UsageError(`The key of "${map.name}" is missing`, { hint: `it is ${describeShape(side.layout)}` });
  return parseTyped(text, side.layout, `the key of "${map.name}"`);
}

/** The last word is the value. @throws UsageError */
function takeValue(map: OpenedMap, words: readonly string[]): readonly [value: string, key: string | undefined] {
  const wanted = map.key === undefined ? 1 : 2;
  if (words.length === wanted) return [words.at(-1)!, words.length === 2 ? words[0] : undefined];
  throw new UsageError(
    wanted === 1
      ? `"${map.name}" has no keys: one value is wanted, ${words.length} words were given`
      : `A key and a value are wanted, ${words.length} word${words.length === 1 ? " was" : "s were"} given`,
    { hint: "put each into quotes: bpfts map set counts '{\"pid\":1}' 5" },
  );
}

/** @throws UsageError */
function requireValue(map: OpenedMap): MapSide {
  if (map.value !== undefined) return map.value;
  throw new UsageError(
    `"${map.name}" has no values to set: it is a ${map.kind?.name.toLowerCase() ?? "map without any"}`,
  );
}
