/** Why a text does not load. */
export type FailureClass = keyof typeof failureClasses;

/** What a class means, as the totals print it. */
export const failureClasses = {
  refused: "this kernel refuses fentry, fmod_ret and LSM programs (EPERM)",
  "no tracepoint": "this kernel lacks the tracepoint",
  "no function": "this kernel lacks the function that fentry wants",
  "no helper": "this kernel was built without the helper",
  "no type": "this kernel lacks the type or the member",
  ours: "bpfts falls short",
} as const;

/** The part of `bpfts check --json`'s errors that tells classes apart. */
export interface CheckError {
  readonly code: string;
  readonly message: string;
  readonly location?: { readonly line: number };
  readonly detail?: string;
}

/** What this kernel has, asked once. */
export interface KernelFacts {
  readonly tracepoints: ReadonlySet<string>;
  /** Names in /proc/kallsyms. */
  readonly symbols: ReadonlySet<string>;
  /** All types of the kernel as C. */
  readonly types: string;
}

interface Rule {
  readonly class: FailureClass;
  fits(error: CheckError, text: string, kernel: KernelFacts): boolean;
}

const rules: readonly Rule[] = [
  { class: "no function", fits: ({ message }) => /type information has no function/.test(message) },
  {
    class: "refused",
    fits: ({ code, message }) => code === "BPFTS_UNSUPPORTED" && /refuses \w+ programs/.test(message),
  },
  // bpf_override_return and the like are there by an option of the kernel's configuration: a text that calls one cannot run, whichever function fails first.
  {
    class: "no helper",
    fits: ({ code, message }, text, kernel) => {
      const named = /(?:cannot use helper|unknown func) (bpf_\w+)#/.exec(message)?.[1];
      const helper = named ?? (/\bbpf_override_return\(/.test(text) ? "bpf_override_return" : undefined);
      return (
        code === "BPFTS_VERIFIER" && helper !== undefined && kernel.symbols.size > 0 && !kernel.symbols.has(helper)
      );
    },
  },
  // A struct tracepoint__x__y, or a field of it, that cannot be known here.
  {
    class: "no tracepoint",
    fits: (error, text, kernel) =>
      error.code === "BPFTS_COMPILE" &&
      listTracepoints(text).some(
        (name) => !kernel.tracepoints.has(name) && error.message.includes(`tracepoint__${name.replace(":", "__")}`),
      ),
  },
  {
    class: "no type",
    fits: (error, _text, kernel) => error.code === "BPFTS_COMPILE" && lacksType(error.message, kernel.types),
  },
];

/** Tells what a failure comes from: the first rule that fits, or bpfts itself. */
export function classifyFailure(error: CheckError, text: string, kernel: KernelFacts): FailureClass {
  return rules.find((rule) => rule.fits(error, text, kernel))?.class ?? "ours";
}

function listTracepoints(text: string): string[] {
  const found = [
    ...text.matchAll(
      /\bTRACEPOINT_PROBE\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)|\btracepoint__([a-z0-9]+(?:_[a-z0-9]+)*)__(\w+)/g,
    ),
  ];
  return found.map(([, category, event, category2, event2]) => `${category ?? category2}:${event ?? event2}`);
}

/** Only what clang itself says of a type that the kernel's dump confirms to be absent. */
function lacksType(message: string, types: string): boolean {
  const member = /no member named '(\w+)' in '(struct|union) (\w+)'/.exec(message);
  if (member !== null) {
    const body = findBody(types, `${member[2]} ${member[3]}`);
    return body !== undefined && !new RegExp(`\\b${member[1]}\\b`).test(body);
  }
  const incomplete =
    /incomplete (?:definition of )?type '(?:const )?((?:struct|union) \w+)'|incomplete type '((?:struct|union) \w+)'/.exec(
      message,
    );
  const name = incomplete?.[1] ?? incomplete?.[2];
  return name !== undefined && !name.includes("tracepoint__") && findBody(types, name) === undefined;
}

function findBody(types: string, name: string): string | undefined {
  const start = types.indexOf(`\n${name} {\n`);
  return start < 0 ? undefined : types.slice(start, types.indexOf("\n}", start));
}
