import type { KernelNames } from "../text/env.ts";
import { findArgumentType } from "./argument-types.ts";

/** One field of a tracepoint's `format` file. */
export interface FormatField {
  readonly declaration: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
}

/** What BCC replaces by a 64-bit type when the kernel gives it eight bytes. */
const widened: Readonly<Record<number, readonly [signed: string, unsigned: string]>> = {
  1: ["s8", "u8"],
  2: ["s16", "u16"],
  4: ["s32", "u32"],
  8: ["s64", "u64"],
};
const integralSizes: Readonly<Record<string, number>> = {
  char: 1,
  "signed char": 1,
  "unsigned char": 1,
  s8: 1,
  u8: 1,
  __s8: 1,
  __u8: 1,
  bool: 1,
  short: 2,
  "unsigned short": 2,
  s16: 2,
  u16: 2,
  __s16: 2,
  __u16: 2,
  umode_t: 2,
  int: 4,
  "unsigned int": 4,
  unsigned: 4,
  s32: 4,
  u32: 4,
  __s32: 4,
  __u32: 4,
  pid_t: 4,
  uid_t: 4,
  gid_t: 4,
  dev_t: 4,
};

/**
 * Renders the struct of a tracepoint's arguments from its `format` file, in one
 * line: `struct tracepoint__cat__event { u64 __do_not_use__; … };`.
 * Source: BCC's tracepoint frontend; tracefs' format files.
 */
export function renderTracepointStruct(category: string, event: string, format: string, names: KernelNames): string {
  const members: string[] = [];
  const fields = parseFormat(format);
  const common = fields.filter((field) => isCommon(field));
  const own = fields.filter((field) => !isCommon(field));
  const commonEnd = Math.max(8, ...common.map((field) => field.offset + field.size));
  members.push("u64 __do_not_use__;");
  let at = 8;
  let pad = 0;
  const padTo = (offset: number): void => {
    if (offset > at) members.push(`char __pad_${pad++}[${offset - at}];`);
    at = Math.max(at, offset);
  };
  const firstOwn = own[0]?.offset;
  if (firstOwn === undefined || firstOwn >= commonEnd) padTo(firstOwn ?? commonEnd);
  for (const field of own) {
    padTo(field.offset);
    const argument = category === "syscalls" ? readArgument(field) : undefined;
    members.push(`${argument?.member ?? renderMember(field, names)};`);
    at = field.offset + (argument?.size ?? field.size);
    padTo(field.offset + field.size);
  }
  return `struct tracepoint__${category}__${event} { ${members.join(" ")} } __attribute__((packed, aligned(8)));`;
}

/** An argument of a system call that is shorter than its place, or has a sign: it stands in the lower part, on all machines that bpfts knows. */
function readArgument({ declaration, size }: FormatField): { member: string; size: number } | undefined {
  const [, type, name] = /^(.*?)\b(\w+)$/.exec(declaration) ?? [];
  const found = size === 8 ? findArgumentType(type ?? "") : undefined;
  return found && { member: `${found.name} ${name!}`, size: found.size };
}

function isCommon(field: FormatField): boolean {
  return /\bcommon_\w+$/.test(field.declaration);
}

/** The fields of a `format` file that a program is handed, without those that every tracepoint has, in the order of their places. */
export function parseTracepointFormat(format: string): readonly FormatField[] {
  return parseFormat(format).filter((field) => !isCommon(field));
}

function parseFormat(format: string): FormatField[] {
  const fields: FormatField[] = [];
  for (const match of format.matchAll(/^\s*field:(.*);\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:(\d+);)?/gm)) {
    fields.push({
      declaration: match[1]!.trim(),
      offset: Number(match[2]),
      size: Number(match[3]),
      signed: match[4] === "1",
    });
  }
  return fields.sort((a, b) => a.offset - b.offset);
}

/** Renders one member so that it takes exactly the size that the kernel printed. */
function renderMember(field: FormatField, names: KernelNames): string {
  // The kernel writes `__rel_loc`; its documentation, and tools, `__rel_data_loc` too. TP_DATA_LOC_READ tells them by their signs.
  const location = /^__(rel_)?(?:data_)?loc (.*?)\b(\w+)$/.exec(field.declaration);
  if (location !== null) return `${location[1] === undefined ? "int" : "unsigned int"} data_loc_${location[3]}`;
  const match = /^(.*?)\b(\w+)((?:\[[^\]]*\])*)$/.exec(field.declaration);
  if (match === null) return `char __opaque_${field.offset}[${field.size}]`;
  const [, rawType, name, dimensions] = match;
  const type = rawType!.trim();
  if (dimensions !== "") return renderArray(type, name!, dimensions!, field, names);
  const size = integralSizes[type.replace(/^const /, "")];
  if (size !== undefined && size !== field.size && field.size in widened)
    return `${widened[field.size]![field.signed ? 0 : 1]} ${name}`;
  if (size !== undefined) return `${type} ${name}`;
  return isKnownType(type, names) ? `${type} ${name}` : renderBySize(field, name!);
}

function renderArray(type: string, name: string, dimensions: string, field: FormatField, names: KernelNames): string {
  const resolved = dimensions.replace(/\[([A-Za-z_]\w*)\]/g, (whole, word: string) => {
    const value = names.findEnumValue(word);
    return value === undefined ? whole : `[${value}]`;
  });
  const count = /^\[(\d+)\]$/.exec(resolved);
  const size = integralSizes[type];
  if (size !== undefined && (count === null || size * Number(count[1]) !== field.size))
    return `${type} ${name}[${Math.floor(field.size / size)}]`;
  if (size !== undefined || (isKnownType(type, names) && count !== null)) return `${type} ${name}${resolved}`;
  return `char ${name}[${field.size}]`;
}

/** Types that the kernel's BTF must have for clang to lay the struct out. */
function isKnownType(type: string, names: KernelNames): boolean {
  const bare = type.replace(/\b(const|volatile)\b/g, "").trim();
  if (bare.endsWith("*")) {
    const pointee = bare.replace(/[\s*]+$/, "");
    return (
      /^(struct|union|enum) \w+$/.test(pointee) ||
      /^(unsigned |signed )?(void|char|short|int|long|long long)( int)?$/.test(pointee) ||
      names.haveType("typedef", pointee)
    );
  }
  if (/^(unsigned |signed )?(char|short|int|long|long long|long int|long unsigned int)$|^unsigned$/.test(bare))
    return true;
  const tagged = /^(struct|union|enum) (\w+)$/.exec(bare);
  return tagged !== null && tagged[1] !== "enum" && names.haveType(tagged[1] as "struct", tagged[2]!);
}

function renderBySize(field: FormatField, name: string): string {
  const type = widened[field.size];
  return type === undefined ? `char ${name}[${field.size}]` : `${type[field.signed ? 0 : 1]} ${name}`;
}
