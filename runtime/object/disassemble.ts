/** What stands behind the numbers of instructions. */
export interface InstructionNames {
  /** The function that a call goes to, by the number in the instruction; undefined where it is not known. */
  nameCall(number: number): string | undefined;
  /** The function of the program's own that begins with an instruction. */
  nameFunction(at: number): string | undefined;
}

/** One instruction in the notation of the kernel's own log. */
export interface Instruction {
  /** Units: instructions from the start; one of 16 bytes counts as two. */
  readonly at: number;
  readonly opcode: number;
  readonly text: string;
}

/** Source: Documentation/bpf/standardization/instruction-set.rst. */
const classes = { load: 0, loadMemory: 1, store: 2, storeRegister: 3, alu32: 4, jump: 5, jump32: 6, alu64: 7 } as const;
const modes = { absolute: 1, indirect: 2, memory: 3, signed: 4, atomic: 6 } as const;
const sizes = ["u32", "u16", "u8", "u64"] as const;
const arithmetic = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "end"] as const;
const comparisons = [
  "",
  "==",
  ">",
  ">=",
  "&",
  "!=",
  "s>",
  "s>=",
  "call",
  "exit",
  "<",
  "<=",
  "s<",
  "s<=",
  "may_goto",
] as const;
/** Atomic operations by the four upper bits of their number; the lowest one of the number asks for the old value. */
const atomics: Readonly<Record<number, readonly [sign: string, name: string]>> = {
  0: ["+=", "add"],
  4: ["|=", "or"],
  5: ["&=", "and"],
  10: ["^=", "xor"],
};
const exchange = 0xe1;
const compareExchange = 0xf1;
const loadAcquire = 0x100;
const storeRelease = 0x110;
const wideImmediate = 0x18;

/** The fields of one instruction. */
interface Fields {
  readonly at: number;
  readonly opcode: number;
  readonly target: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
  /** Of an instruction of 16 bytes. */
  readonly upper: number;
}

/** Disassembles instructions as the kernel hands them out after its verifier's work. */
export function disassemble(bytes: Uint8Array, names: InstructionNames): readonly Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Instruction[] = [];
  for (let at = 0; (at + 1) * 8 <= bytes.length; at++) {
    const opcode = view.getUint8(at * 8);
    const registers = view.getUint8(at * 8 + 1);
    const isWide = opcode === wideImmediate && (at + 2) * 8 <= bytes.length;
    const text = renderInstruction(
      {
        at,
        opcode,
        target: registers & 0xf,
        source: registers >> 4,
        offset: view.getInt16(at * 8 + 2, true),
        immediate: view.getInt32(at * 8 + 4, true),
        upper: isWide ? view.getInt32(at * 8 + 12, true) : 0,
      },
      names,
    );
    found.push({ at, opcode, text });
    if (isWide) at++;
  }
  return found;
}

function renderInstruction(fields: Fields, names: InstructionNames): string {
  switch (fields.opcode & 7) {
    case classes.load:
      return renderLoad(fields);
    case classes.loadMemory:
      return `r${fields.target} = *(${sizeOf(fields)} *)(${place(fields.source, fields.offset)})`;
    case classes.store:
      return `*(${sizeOf(fields)} *)(${place(fields.target, fields.offset)}) = ${fields.immediate}`;
    case classes.storeRegister:
      return fields.opcode >> 5 === modes.atomic ? renderAtomic(fields) : renderStore(fields);
    case classes.jump:
    case classes.jump32:
      return renderJump(fields, names);
    default:
      return renderArithmetic(fields);
  }
}

function sizeOf({ opcode }: Fields): string {
  const size = sizes[(opcode >> 3) & 3]!;
  return opcode >> 5 === modes.signed ? size.replace("u", "s") : size;
}

function place(register: number, offset: number): string {
  return `r${register} ${offset < 0 ? "-" : "+"}${Math.abs(offset)}`;
}

/** What a wide immediate stands for, by the source register. Source: BPF_PSEUDO_MAP_FD and its like in linux/bpf.h. */
function renderLoad(fields: Fields): string {
  const { opcode, target, source, immediate, upper } = fields;
  const mode = opcode >> 5;
  if (mode === modes.absolute) return `r0 = *(${sizeOf(fields)} *)skb[${immediate}]`;
  if (mode === modes.indirect) return `r0 = *(${sizeOf(fields)} *)skb[r${source} + ${immediate}]`;
  if (opcode !== wideImmediate) return renderUnknown(fields);
  switch (source) {
    case 1:
      return `r${target} = map[id:${immediate >>> 0}]`;
    case 2:
      return `r${target} = map[id:${immediate >>> 0}][0]+${upper >>> 0}`;
    case 4:
      return `r${target} = subprog[${immediate < 0 ? "" : "+"}${immediate}]`;
    default:
      return `r${target} = 0x${((BigInt(upper >>> 0) << 32n) | BigInt(immediate >>> 0)).toString(16)}`;
  }
}

function renderStore(fields: Fields): string {
  return `*(${sizeOf(fields)} *)(${place(fields.target, fields.offset)}) = r${fields.source}`;
}

function renderAtomic(fields: Fields): string {
  const { target, source, offset, immediate } = fields;
  const size = sizeOf(fields);
  const memory = `(${size} *)(${place(target, offset)})`;
  const word = size === "u64" ? "atomic64" : "atomic";
  if (immediate === loadAcquire) return `r${target} = load_acquire((${size} *)(${place(source, offset)}))`;
  if (immediate === storeRelease) return `store_release(${memory}, r${source})`;
  if (immediate === exchange) return `r${source} = ${word}_xchg(${memory}, r${source})`;
  if (immediate === compareExchange) return `r0 = ${word}_cmpxchg(${memory}, r0, r${source})`;
  const operation = atomics[immediate >> 4];
  if (operation === undefined) return renderUnknown(fields);
  return (immediate & 1) === 1
    ? `r${source} = ${word}_fetch_${operation[1]}(${memory}, r${source})`
    : `lock *${memory} ${operation[0]} r${source}`;
}

function renderJump(fields: Fields, names: InstructionNames): string {
  const { opcode, target, source, offset, immediate } = fields;
  const isNarrow = (opcode & 7) === classes.jump32;
  const operation = opcode >> 4;
  const jump = (by: number): string => `pc${by < 0 ? "" : "+"}${by}`;
  if (operation === 0) return isNarrow ? `gotol ${jump(immediate)}` : `goto ${jump(offset)}`;
  const sign = comparisons[operation];
  if (sign === "call") return `call ${renderCall(fields, names)}`;
  if (sign === "exit") return "exit";
  if (sign === "may_goto") return `may_goto ${jump(offset)}`;
  if (sign === undefined) return renderUnknown(fields);
  const word = isNarrow ? "w" : "r";
  const right = isRegister(opcode) ? `${word}${source}` : `0x${(immediate >>> 0).toString(16)}`;
  return `if ${word}${target} ${sign} ${right} goto ${jump(offset)}`;
}

function renderCall(fields: Fields, names: InstructionNames): string {
  const { at, source, immediate, offset, opcode, target } = fields;
  if (isRegister(opcode)) return `r${target}`;
  if (source === 1) {
    // A function of the program's own, counted from the next instruction. Where there is machine code, the kernel has something else in the number.
    const by = offset !== 0 ? offset : immediate;
    const name = names.nameFunction(at + 1 + by);
    return `pc${by < 0 ? "" : "+"}${by}${name === undefined ? "" : ` <${name}>`}`;
  }
  return names.nameCall(immediate) ?? (source === 2 ? `kernel-function#${immediate}` : `helper#${immediate + offset}`);
}

function renderArithmetic(fields: Fields): string {
  const { opcode, target, source, offset, immediate } = fields;
  const isWide = (opcode & 7) === classes.alu64;
  const word = isWide ? "r" : "w";
  const sign = arithmetic[opcode >> 4];
  const left = `${word}${target}`;
  if (sign === undefined) return renderUnknown(fields);
  if (sign === "neg") return `${left} = -${left}`;
  if (sign === "end") {
    const name = isWide ? "bswap" : isRegister(opcode) ? "be" : "le";
    return `r${target} = ${name}${immediate} r${target}`;
  }
  if (!isRegister(opcode)) return `${left} ${signed(sign, offset)} ${immediate}`;
  const right = `${word}${source}`;
  // A register of another width is extended by its sign.
  return sign === "=" && offset !== 0 ? `${left} = (s${offset})${right}` : `${left} ${signed(sign, offset)} ${right}`;
}

/** Divisions have a signed form. */
function signed(sign: string, offset: number): string {
  return offset === 1 && (sign === "/=" || sign === "%=") ? `s${sign}` : sign;
}

function isRegister(opcode: number): boolean {
  return (opcode & 8) !== 0;
}

function renderUnknown({ opcode, target, source, offset, immediate }: Fields): string {
  return `unknown instruction ${opcode.toString(16).padStart(2, "0")} (registers ${target} and ${source}, offset ${offset}, number ${immediate})`;
}
