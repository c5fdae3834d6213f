import { makePiece } from "./pieces.ts";
import type { Piece } from "./pieces.ts";
import type { Column, LineTable } from "./tables.ts";

/** A key that is a number as an argument. */
export function passKey({ keys }: LineTable, key: readonly Piece[] | undefined): Piece[] {
  if (key === undefined) return [makePiece("0")];
  if (keys[0]?.form === "kstack") return [makePiece("kstack")];
  if (keys[0]?.form === "walltime") return [makePiece("bpf_ktime_get_ns()")];
  return keys[0]?.type.kind === "pointer" ? [makePiece("(u64)("), ...key, makePiece(")")] : [...key];
}

/** The same lines one step further in. */
export function indent(lines: readonly (readonly Piece[])[]): Piece[][] {
  return lines.map((line) => (line[0]?.text.startsWith("#") === true ? [...line] : [makePiece("    "), ...line]));
}

/** The lines that put a column into a member of a key or an event. */
export function fillColumn(
  member: string,
  {
    form,
    at,
    isText,
    isPointer,
  }: Pick<Column, "form" | "at"> & { readonly isText: boolean; readonly isPointer: boolean },
  value: readonly Piece[],
): Piece[][] {
  switch (form) {
    case "comm":
      return [[makePiece(`bpf_get_current_comm(&${member}, sizeof(${member}));`, at)]];
    case "str":
      return [
        [makePiece(`bpf_probe_read_str(&${member}, sizeof(${member}), (void *)(`, at), ...value, makePiece("));")],
      ];
    case "kstack":
      return [[makePiece(`${member} = kstack;`, at)]];
    case "ustack":
      return [
        [makePiece(`${member} = ustack;`, at)],
        [makePiece(`${member}_pid = bpf_get_current_pid_tgid() >> 32;`, at)],
      ];
    case "walltime":
      return [[makePiece(`${member} = bpf_ktime_get_ns();`, at)]];
    case "value":
      if (!isText)
        return [
          [makePiece(`${member} = ${isPointer ? "(u64)(" : ""}`, at), ...value, makePiece(isPointer ? ");" : ";")],
        ];
      // What stands behind the text's end is no part of it: two keys that look alike are one. A text may fill its array and have no end.
      return [
        [
          makePiece(`if (bpf_probe_read_str(&${member}, sizeof(${member}), (void *)(`, at),
          ...value,
          makePiece(`)) == sizeof(${member}))`),
        ],
        [
          makePiece(`    bpf_probe_read(&${member}[sizeof(${member}) - 1], 1, (char *)(`, at),
          ...value,
          makePiece(`) + sizeof(${member}) - 1);`),
        ],
      ];
  }
}
