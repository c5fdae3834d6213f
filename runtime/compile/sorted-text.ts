const NEWLINE = 10;

/** Finds the line of sorted lines that begins with a prefix, its newline included; of several the first. A small file is read at once: that costs less than its blocks one by one. */
export function findSortedLine(text: string, prefix: string): string | undefined {
  let low = 0;
  let high = text.length;
  while (low < high) {
    let start = (low + high) >> 1;
    while (start > low && text.charCodeAt(start - 1) !== NEWLINE) start--;
    const end = text.indexOf("\n", start) + 1;
    if (text.slice(start, Math.min(end, start + prefix.length)) < prefix) low = end;
    else high = start;
  }
  const line = text.slice(low, text.indexOf("\n", low) + 1);
  return line !== "" && line.startsWith(prefix) ? line : undefined;
}
