import { find_similar } from "./probe-text.ts";
import type { ProbeText, Span } from "./probe-text.ts";
import { read_fields } from "./probe-place.ts";
import type { ProbePlace } from "./probe-place.ts";

/**
 * C text that defines `read_text(to, size, address)`: the address tells whether the text is the kernel's or the program's. `show_text` puts words there that say why there is no
 * text: an empty one looks like what the program gave. A page of a program that nobody has touched yet is not in memory, and no BPF program can wait for it.
 */
export const read_text = `
static inline long read_text(void *to, u32 size, u64 address) {
    return (s64)address < 0 ? bpf_probe_read_kernel_str(to, size, (void *)address)
                            : bpf_probe_read_user_str(to, size, (void *)address);
}
static inline void show_text(char *to, u32 size, u64 address) {
    if (read_text(to, size, address) >= 0)
        return;
    if (!address && size >= 7)
        __builtin_memcpy(to, "(null)", 7);
    else if (size >= 13)
        __builtin_memcpy(to, "[unreadable]", 13);
}
static inline long read_bytes(void *to, u32 size, u64 address) {
    return (s64)address < 0 ? bpf_probe_read_kernel(to, size, (void *)address)
                            : bpf_probe_read_user(to, size, (void *)address);
}
`;

/** What the words of BCC's probes stand for. */
const always: Readonly<Record<string, string>> = {
  $uid: "u32 $uid = bpf_get_current_uid_gid();",
  $gid: "u32 $gid = bpf_get_current_uid_gid() >> 32;",
  $pid: "u32 $pid = bpf_get_current_pid_tgid();",
  $tgid: "u32 $tgid = bpf_get_current_pid_tgid() >> 32;",
  $PID: "u32 $PID = bpf_get_current_pid_tgid() >> 32;",
  $cpu: "u32 $cpu = bpf_get_smp_processor_id();",
  $task: "struct task_struct *$task = (struct task_struct *)bpf_get_current_task();",
};

/** What surrounds the expressions of a probe. */
export interface WordScope {
  readonly place: ProbePlace;
  /** The function's parameters as they were typed. */
  readonly signature: Span | undefined;
  /** The types of a USDT probe's arguments. */
  readonly argumentTypes?: readonly string[];
  /** Whether the texts of STRCMP are bytes. */
  readonly isBinary: boolean;
  /** Words of the tool's own with the line that declares each. */
  readonly ownWords?: Readonly<Record<string, string>>;
}

let comparisons = 0;

/**
 * The expressions of one probe. What the words stand for is declared before they are met, so that an expression stays as it was typed: each replacement is as wide as what it replaces, and
 * a column of clang's is a column of the probe.
 */
export class ProbeWords {
  /** The declarations of the words that were met, in C. */
  readonly declarations = new Map<string, string>();
  /** Functions that compare texts. */
  functions = "";
  private fields: Map<string, boolean> | undefined;

  constructor(
    private readonly probe: ProbeText,
    private readonly scope: WordScope,
  ) {}

  /** An expression in C. */
  lower({ text, at }: Span): Span {
    let lowered = "";
    for (const match of text.matchAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[$A-Za-z_][$\w]*|@\w*|[^]/g)) {
      const { 0: token, index } = match;
      // Text that a replacement took in already.
      if (index < lowered.length) continue;
      lowered += this.replace(token, at + index, text.slice(index), /(\.|->)\s*$/.test(lowered));
    }
    return { text: lowered, at };
  }

  private replace(token: string, at: number, rest: string, isMember: boolean): string {
    if (token.startsWith("@")) return this.dropMark(token, at);
    if (!/^[$A-Za-z_]/.test(token) || isMember) return token;
    if (token === "STRCMP") return this.compare(at, rest);
    if (token === "args" && this.scope.place.kind === "t") return this.point(rest);
    this.declare(token, at);
    return token;
  }

  /** The address tells where a text lies: the mark says nothing new. */
  private dropMark(token: string, at: number): string {
    if (token !== "@user") this.probe.fail(at, `there is no "${token}"`, "a text of a program's is arg1@user");
    if (!/(^|\W)arg\d$/.test(this.probe.text.slice(0, at)))
      this.probe.fail(at, '"@user" stands right behind arg1 to arg6');
    return " ".repeat(token.length);
  }

  /** A field of variable length stands for its address. */
  private point(rest: string): string {
    const [whole = "args", name = ""] = /^args\s*->\s*(?:data_loc_)?(\w+)/.exec(rest) ?? [];
    this.fields ??= read_fields(this.scope.place);
    if (this.fields.get(name) !== true) return "args";
    this.declarations.set(`$${name}`, `char *$${name} = bpfts_data_loc(${name});`);
    return `$${name}`.padEnd(whole.length);
  }

  private declare(word: string, at: number): void {
    const own = this.scope.ownWords?.[word] ?? always[word];
    if (own !== undefined) this.declarations.set(word, own);
    else if (this.isParameter(word)) return;
    else if (/^arg\d+$/.test(word)) this.declarations.set(word, this.declareArgument(word, at));
    else if (word === "retval" || word === "$retval") this.declarations.set(word, this.declareResult(word, at));
    else if (word.startsWith("$")) {
      const known = [...Object.keys({ ...always, ...this.scope.ownWords })];
      const similar = find_similar(word, known);
      this.probe.fail(
        at,
        `there is no "${word}"`,
        similar === undefined ? `there are ${known.join(", ")}` : `did you mean "${similar}"?`,
      );
    }
  }

  private isParameter(word: string): boolean {
    return new RegExp(`(^|[^$\\w])${word.replaceAll("$", "\\$")}\\s*(,|$)`).test(this.scope.signature?.text ?? "");
  }

  private declareArgument(word: string, at: number): string {
    const { place, argumentTypes = [] } = this.scope;
    const number = Number(word.slice(3));
    if (place.kind === "t") this.failWithFields(at, `a tracepoint has no "${word}"`);
    if (place.kind === "r")
      this.probe.fail(
        at,
        `"${word}" is gone when the function returns`,
        "its result is retval; argdist's $entry(name) keeps what it was called with",
      );
    const count = place.kind === "u" ? argumentTypes.length : 6;
    if (number < 1 || number > count)
      this.probe.fail(
        at,
        `there is no "${word}"`,
        count === 0
          ? "the probe hands nothing over"
          : count === 1
            ? "there is arg1 only"
            : `there are arg1 to arg${count}`,
      );
    if (place.kind === "u")
      return `${argumentTypes[number - 1]!} ${word} = 0; bpf_usdt_readarg(${number}, ctx, &${word});`;
    if (!place.isSyscall) return `unsigned long ${word} = PT_REGS_PARM${number}(ctx);`;
    return `unsigned long ${word} = 0; bpf_probe_read_kernel(&${word}, sizeof(${word}), (void *)&PT_REGS_PARM${number}_SYSCALL(PT_REGS_SYSCALL_CTX(ctx)));`;
  }

  private declareResult(word: string, at: number): string {
    const { kind } = this.scope.place;
    if (kind === "t") this.failWithFields(at, `a tracepoint has no "${word}"`);
    if (kind !== "r")
      this.probe.fail(
        at,
        `"${word}" is there when a function returns`,
        'write "r:" before the library: r::vfs_read, r:c:read',
      );
    return `unsigned long ${word} = PT_REGS_RC(ctx);`;
  }

  private failWithFields(at: number, message: string): never {
    this.probe.fail(at, message, "its fields are in args: args->NAME; bpfts list -v NAME shows them");
  }

  /** `STRCMP("text",` becomes the call of a function of its own. */
  private compare(at: number, rest: string): string {
    const [whole, literal] = /^STRCMP\s*\(\s*("(?:\\.|[^"\\])*")\s*,/.exec(rest) ?? [];
    if (whole === undefined || literal === undefined)
      this.probe.fail(at, "STRCMP compares with a text in quotes", 'for example STRCMP("/etc/passwd", arg1)');
    if (literal === '""') this.probe.fail(at, "STRCMP compares with an empty text", "every text begins with that");
    if (literal.length > 130) this.probe.fail(at, "STRCMP compares with 128 characters at most");
    const name = `_${comparisons++}`;
    const list = /^"(\{.*\})"$/.exec(literal)?.[1];
    const [want, count] =
      this.scope.isBinary && list !== undefined ? [list, "sizeof(want)"] : [literal, "sizeof(want) - 1"];
    this.functions += `
static inline bool ${name}(u64 address) {
    const char want[] = ${want};
    char have[sizeof(want)] = {};
    ${this.scope.isBinary ? "read_bytes(have, sizeof(have)" : "read_text(have, sizeof(have)"}, address);
    for (int i = 0; i < ${count}; i++)
        if (have[i] != want[i])
            return false;
    return true;
}
`;
    // One "(" stays open as in the text; a cast makes a number of a pointer.
    return `${name}((u64)`.padEnd(whole.length);
  }
}
