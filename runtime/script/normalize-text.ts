/** A text as the compilers of JavaScript and C see it: without a byte-order mark, each line ended by a newline alone. */
export function normalizeText(text: string): string {
  const whole = text.startsWith("\ufeff") ? text.slice(1) : text;
  return whole.includes("\r") ? whole.replace(/\r\n?/g, "\n") : whole;
}
