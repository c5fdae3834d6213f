/**
 * Renders a C constant whose value bpfts writes into the program when it loads it: texts that differ in the value alone are compiled once. Each value has all digits of its
 * type, so that the rest of the text stays where it is.
 */
export function renderConstant(type: "u32" | "u64", name: string, value: number | bigint): string {
  const digits = value.toString(16).padStart(type === "u32" ? 8 : 16, "0");
  return `const volatile ${type} ${name} = 0x${digits};\n`;
}
