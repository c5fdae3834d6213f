import type { Layout } from "../../sdk/wire/layout.ts";

/** Source: enum bpf_map_type and BPF_F_STACK_BUILD_ID in include/uapi/linux/bpf.h */
const STACK_TRACE = 7;
const STACK_BUILD_ID = 32;

/** A value of a map that says nothing but its size. */
export function describeValueBytes(mapType: number, mapFlags: number, size: number | undefined): Layout | undefined {
  return mapType === STACK_TRACE && (mapFlags & STACK_BUILD_ID) === 0 ? describeStack(size) : describeBytes(size);
}

/** A stack that is declared by its size alone, as it always is in libbpf's way. Source: struct bpf_stacktrace of our headers */
function describeStack(size = 0): Layout {
  const address: Layout = { kind: "int", name: "u64", size: 8, signed: false };
  return {
    kind: "struct",
    name: "bpf_stacktrace",
    size,
    members: [
      {
        name: "ip",
        offset: 0,
        layout: { kind: "array", size, length: Math.floor(size / address.size), element: address },
      },
    ],
  };
}

/** A key or value that is declared by its size alone: a number where it has a number's size, else bytes. */
export function describeBytes(size: number | undefined): Layout | undefined {
  if (size === undefined || size === 0) return undefined;
  if (size === 4 || size === 8) return { kind: "int", name: size === 4 ? "u32" : "u64", size, signed: false };
  return { kind: "array", size, length: size, element: { kind: "int", name: "u8", size: 1, signed: false } };
}
