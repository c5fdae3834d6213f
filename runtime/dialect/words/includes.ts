import { findSimilar } from "../../base/similar.ts";
import { addWarning, makeDialectError } from "../text/pass.ts";
import type { HeaderList } from "../text/env.ts";
import type { Pass } from "../text/pass.ts";

/** First folders of kernel headers: what stands in them comes with the prelude. */
const kernelRoots = [
  "linux",
  "uapi",
  "asm",
  "asm-generic",
  "net",
  "trace",
  "rdma",
  "sound",
  "scsi",
  "drm",
  "media",
  "crypto",
  "acpi",
  "kvm",
  "video",
  "vdso",
  "xen",
  "ras",
  "target",
  "pcmcia",
  "memory",
  "math-emu",
  "keys",
  "dt-bindings",
  "clocksource",
  "misc",
  "generated",
  "kernel",
  "fs",
  "mm",
  "block",
  "drivers",
  "security",
  "ipc",
  "init",
  "lib",
  "virt",
  "arch",
];

/** Headers that are not the kernel's and that a C text for BPF may ask for all the same: the prelude has what they have. */
const answeredHeaders = new Set([
  "vmlinux.h",
  "stdint.h",
  "stddef.h",
  "stdbool.h",
  "stdlib.h",
  "string.h",
  "errno.h",
  "limits.h",
  "bcc/helpers.h",
  "bcc/bpf.h",
  "bcc/footer.h",
  "bcc/bpf_workaround.h",
  "bcc/compat.h",
  "bcc/proto.h",
  "sys/types.h",
  "sys/socket.h",
  "netinet/in.h",
  "bpf/bpf_helpers.h",
  "bpf/bpf_tracing.h",
  "bpf/bpf_core_read.h",
  "bpf/bpf_endian.h",
  "bpf_helpers.h",
]);

/** Folders whose headers are kept as they are. */
const keptRoots = new Set(["bpf"]);

/**
 * Takes out the includes that the prelude answers and answers their names. The
 * user's own headers (`"foo.h"`) and libbpf's stay.
 *
 * @throws DialectError for a header that nothing here can answer.
 */
export function rewriteIncludes(pass: Pass, known: HeaderList): string[] {
  const includes: string[] = [];
  const { tokens, text, edits } = pass;
  for (let i = 0; i + 2 < tokens.length; i++) {
    const hash = tokens[i]!;
    if (hash.text !== "#" || !hash.inDirective || !/^(include|include_next|import)$/.test(tokens[i + 1]!.text))
      continue;
    const lineEnd = text.indexOf("\n", hash.start);
    const line = text.slice(hash.start, lineEnd < 0 ? text.length : lineEnd);
    const match = /^#\s*\w+\s*(?:<([^>]*)>|"([^"]*)")/.exec(line);
    if (match === null) continue;
    const header = (match[1] ?? match[2])!.trim();
    const isKernel = isAnswered(header);
    if (isKernel) {
      warnOfMistyped(pass, hash.start, header, known);
      includes.push(header);
      edits.replace(hash.start, hash.start + match[0].length, "");
      continue;
    }
    if (match[2] !== undefined || keptRoots.has(header.split("/")[0]!)) continue;
    const root = header.split("/")[0]!;
    const similar = findSimilar(root, kernelRoots);
    throw makeDialectError(
      pass,
      hash.start,
      `Cannot include <${header}>: it is no kernel header`,
      header.includes("/") && similar !== undefined
        ? `did you mean <${header.replace(root, similar)}>?`
        : `kernel headers begin with linux/, uapi/, net/, asm/ …; write #include "${header}" for a file of your own beside the script`,
    );
  }
  return includes;
}

/** A kernel may have a header that the list has not: only one that is nearly another one's name is worth a word. */
function warnOfMistyped(pass: Pass, offset: number, header: string, known: HeaderList): void {
  const name = header.replace(/^uapi\//, "");
  if (answeredHeaders.has(header) || !/^[\w-]+(?:\/[\w-]+)+\.h$/.test(name) || known.has(name)) return;
  const similar = findSimilar(name, known.listNames(), 1);
  if (similar === undefined) return;
  const wanted = header === name ? similar : `uapi/${similar}`;
  addWarning(pass, offset, `No kernel header <${header}> is known: did you mean <${wanted}>?`);
}

function isAnswered(header: string): boolean {
  const path = header.replace(/^(\.\.?\/)+/, "").replace(/^include\//, "");
  return answeredHeaders.has(path) || (path.includes("/") && kernelRoots.includes(path.split("/")[0]!));
}
