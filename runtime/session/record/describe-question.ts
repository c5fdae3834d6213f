import type { CallName } from "../../../sdk/wire/protocol.ts";
import type { ExtraColumn } from "../../../sdk/wire/row-choice.ts";
import type { CallNames } from "./call-names.ts";

type Fields = Readonly<Record<string, unknown>>;

const name = ({ name, fnName, path, pid, address }: Fields): string =>
  JSON.stringify(name ?? fnName ?? path ?? pid ?? address ?? "");

/** What a script does that makes a call, as the end of "The script …". Others are told by their own words. */
const deeds: Partial<Readonly<Record<CallName, (fields: Fields, table: string) => string>>> = {
  attach: () => "attaches a function",
  detach: () => "detaches a function",
  load_function: (fields) => `loads the function ${name(fields)}`,
  read_file: (fields) => `reads the file ${name(fields)}`,
  random: () => "asks for random bytes",
  terminal: () => "asks how large the terminal is",
  ring_open: (_fields, table) => `opens ${table}`,
  ring_lost: () => "asks how many events were lost",
  map_lookup: (_fields, table) => `looks a key up in ${table}`,
  map_update: (_fields, table) => `writes to ${table}`,
  map_delete: (_fields, table) => `deletes from ${table}`,
  map_next_key: (_fields, table) => `lists the keys of ${table}`,
  map_read_all: (_fields, table) => `reads all of ${table}`,
  map_update_all: (_fields, table) => `writes to ${table}`,
  map_count: (_fields, table) => `counts what is in ${table}`,
  map_delete_all: (_fields, table) => `empties ${table}`,
  find_container: () => "asks which container a process is in",
  find_process_user: () => "asks whose a process is",
  list_users: () => "asks for the names of users",
  find_kernel_symbol: (fields) => `asks for the kernel's name of the address ${name(fields)}`,
  find_kernel_address: (fields) => `asks for the address of the kernel's ${name(fields)}`,
  find_user_symbol: (fields) => `asks for the name of an address of the process ${name(fields)}`,
};

/** Says what a call does that a recording has no answer to. */
export function describeQuestion(call: string, argument: string, names: CallNames): string {
  const given: unknown = JSON.parse(argument);
  const { map, program: _program, ...rest } = (typeof given === "object" && given !== null ? given : {}) as Fields;
  const found = map === undefined ? undefined : (names.findMap(map as number)?.name ?? String(map));
  const table = found === undefined ? "a table" : `the table "${found}"`;
  const deed = Object.hasOwn(deeds, call) ? deeds[call as CallName] : undefined;
  if (deed !== undefined) return deed(rest, table);
  const others = Object.keys(rest).length === 0 ? "" : ` with ${JSON.stringify(rest)}`;
  return `calls ${call}${found === undefined ? "" : ` of ${table}`}${others}`;
}

/** Finds the column of `--columns` whose value a call asks for. */
export function findColumnOf(call: string, added: readonly ExtraColumn[]): ExtraColumn | undefined {
  if (call === "find_container") return added.find((column) => column === "container" || column === "pod");
  if (call === "list_users" || call === "find_process_user") return added.find((column) => column === "user");
  return undefined;
}
