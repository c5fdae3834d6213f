/** A number of C that is set when the text is loaded: texts that differ in it alone are compiled once. As wide as its type, so that they stay alike. */
export function renderConstant(type: "u32" | "u64", name: string, value: number | bigint): string {
  const digits = value.toString(16).padStart(type === "u32" ? 8 : 16, "0");
  return `const volatile ${type} ${name} = 0x${digits};\n`;
}
