import { describe, expect, it } from "vitest";
import { findFormatFaults } from "../../../../runtime/dialect/words/format-rules.ts";

const linux = (major: number, minor: number): number => (major << 16) + (minor << 8);
const list = (text: string, version = linux(6, 1)): string[] => findFormatFaults(text, version).map(({ part }) => part);

// Each was handed to bpf_trace_printk on the kernels of the matrix: what is refused answered -EINVAL there.
const taken = [
  "%d",
  "%i",
  "%u",
  "%x",
  "%X",
  "%c",
  "%s",
  "%p",
  "%ld",
  "%li",
  "%lu",
  "%lx",
  "%lX",
  "%lld",
  "%llu",
  "%llx",
  "%llX",
  "%5d",
  "%-5d",
  "%05d",
  "%+d",
  "% d",
  "%5u",
  "%02x",
  "%016llx",
  "%08lx",
  "%5s",
  "%-16s",
  "%5c",
  "%%",
  "%px",
  "%pK",
  "%pB",
  "%pS",
  "%ps",
  "%pks",
  "%pus",
  "%pI4",
  "%pi4",
  "%pI6",
  "%pi6",
  "%pI6c",
  "%pI4h",
  "%5p",
  "%-16p",
  "%5pks",
  "%dx",
  "%px,",
  "%s:",
  "%s_",
  "%s\\n",
  '%s\\"',
  "%dms",
  "%lu%%",
  "\\t%d",
  "%s %s",
  "%s %s %s",
  "%10ld",
  "%-10s|",
  "%ps\\n",
  "%pSR",
  "%pBb",
  "%pxq",
  "%d\\n\\n",
  "%09lld",
  "%lli",
  "%00005d",
  "%-+ 05d",
];
const refused = [
  "%o",
  "%lo",
  "%llo",
  "%hd",
  "%hhd",
  "%hu",
  "%zu",
  "%zd",
  "%td",
  "%jd",
  "%qd",
  "%Ld",
  "%#x",
  "%#d",
  "%.8s",
  "%16.8s",
  "%*d",
  "%.3d",
  "%.*s",
  "%lc",
  "%ls",
  "%e",
  "%f",
  "%g",
  "%n",
  "%a",
  "%b",
  "%5%",
  "%l",
  "%ll",
  "%",
  "%\\n",
  "%pd",
  "%pM",
  "%pe",
  "%pU",
  "%pF",
  "%pf",
  "%pc",
  "%pC",
  "%pV",
  "%p4",
  "%pa",
  "%ph",
  "%sx",
  "%ss",
  "%s1",
  "\\033%d",
  "\\001%d",
  "\\x7f%d",
  "\\a%d",
  "%D",
  "%U",
  "%S",
  "%C",
  "%I64d",
  "%w",
  "%m",
  "%pkd",
  "%.d",
  "%.5d",
  "%1$d",
  "%'d",
];

describe("what the kernel's printers refuse", () => {
  it.each(taken)("%j is printed", (text) => {
    expect(list(text)).toEqual([]);
  });

  it.each(refused)("%j is refused, with a next step", (text) => {
    const faults = findFormatFaults(`pid %d ${text}`, linux(6, 1));
    expect(faults).toHaveLength(1);
    expect(faults[0]!.index).toBe(7);
    expect(faults[0]!.hint).not.toBe("");
  });

  it("is more before Linux 5.13: widths, X, c, percent signs, a second text", () => {
    const old = linux(5, 10);
    expect(list("%5d %X %c %% %s %s %px", old)).toEqual(['"%5d"', '"%X"', '"%c"', '"%%"', 'a second "%s"', '"%px"']);
    expect(list("%d %llx %p %pks", old)).toEqual([]);
    expect(list("µs", old)).toEqual(['"µ"']);
    expect(list("µs")).toEqual([]);
  });

  it("is named whole, at its place", () => {
    expect(findFormatFaults("a %zu b %sms", linux(6, 1))).toEqual([
      { index: 2, part: '"%zu"', hint: "write %lu" },
      { index: 8, part: '"%sms"', hint: 'the kernel wants a blank or a punctuation mark behind %s: "%s m"' },
    ]);
  });
});
