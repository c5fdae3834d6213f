import { isTransparent, listChildren } from "./ast-files.ts";
import type { Ast, AstNode } from "./ast.ts";
import type { ProgramDecl } from "../text/unit.ts";

/**
 * Where a pointer may come from, as a set of bits; 0 is "nothing known". What a
 * load through it yields follows from where it points.
 */
export const Origin = {
  /** The stack, global data: the verifier lets a program follow it, and knows the pointers that lie in it. */
  memory: 1,
  /** A context whose pointers may be the process's or the kernel's (probes on anything). */
  anyContext: 2,
  /** A context whose pointers are the kernel's (tracepoints, probes on named kernel functions). */
  kernelContext: 4,
  /** A context whose pointers the verifier has types for (fentry, LSM, iterators). */
  typedContext: 8,
  /** A context of a packet or socket program. */
  packetContext: 16,
  /** A pointer that the verifier has a type for. */
  typed: 32,
  /** Into a packet, or what a networking context holds. */
  packet: 64,
  /** Known to be a kernel address that the verifier does not know. */
  kernel: 128,
  /** An address of the kernel or of the process that the verifier does not know. */
  any: 256,
  /** A map value: pointers that lie in it are mere numbers. */
  mapValue: 512,
} as const;

/** What a pointer that was loaded through a pointer of some origin is. */
const loaded: readonly (readonly [from: number, to: number])[] = [
  [Origin.anyContext, Origin.any],
  [Origin.kernelContext, Origin.kernel],
  [Origin.typedContext, Origin.typed],
  [Origin.packetContext, Origin.packet],
  [Origin.typed, Origin.typed],
  [Origin.kernel, Origin.kernel],
  [Origin.any, Origin.any],
  [Origin.mapValue, Origin.any],
];

/** Helpers of the kernel and of `bpf-headers/` whose result is an address that the verifier does not know. Others give what it knows. */
const addressHelpers: Readonly<Record<string, number>> = {
  bpf_get_current_task: Origin.kernel,
  bpfts_process_address: Origin.any,
  bpf_map_lookup_elem: Origin.mapValue,
  bpf_map_lookup_percpu_elem: Origin.mapValue,
  bpf_ringbuf_reserve: Origin.mapValue,
  bpf_get_local_storage: Origin.mapValue,
  bpf_sk_storage_get: Origin.mapValue,
  bpf_inode_storage_get: Origin.mapValue,
  bpf_task_storage_get: Origin.mapValue,
  bpf_dynptr_data: Origin.mapValue,
};

const networkContexts =
  /\bstruct (bpf_sock\w*|bpf_sysctl|bpf_sk_lookup|bpf_cgroup_dev_ctx|sk_reuseport_md|bpf_nf_ctx|__sk_buff|xdp_md|sk_msg_md) \*/;

/** The origin of a program's context. */
function findContextOrigin(program: ProgramDecl | undefined, contextType: string): number {
  switch (program?.kind) {
    case "tp_btf":
    case "fentry":
    case "fexit":
    case "fmod_ret":
    case "lsm":
    case "iter":
    case "struct_ops":
      return Origin.typedContext;
    case "xdp":
    case "tc":
    case "sock_ops":
    case "sk_msg":
    case "sk_skb":
      return Origin.packetContext;
    case "tracepoint":
      return /syscalls/.test(program.section) || program.autoAttach === undefined
        ? Origin.anyContext
        : Origin.kernelContext;
    case "raw_tracepoint":
      return program.autoAttach === undefined || /\bsys_/.test(program.section)
        ? Origin.anyContext
        : Origin.kernelContext;
    case "kprobe":
    case "kretprobe": {
      const attach = program.autoAttach;
      const isKernel = attach?.kind === program.kind && attach.syscall === undefined;
      return isKernel ? Origin.kernelContext : Origin.anyContext;
    }
    default:
      return networkContexts.test(`${contextType} `) || (program?.explicitSection === true && program.kind === "any")
        ? Origin.packetContext
        : Origin.anyContext;
  }
}

/** Follows pointers through the functions of a unit until nothing new is learnt. Flow and calls are joined, never told apart. */
export class Provenance {
  private readonly functions = new Map<string, AstNode>();
  private readonly variables = new Map<string, number>();
  private readonly fields = new Map<string, number>();
  private readonly results = new Map<string, number>();
  private changed = false;

  /** `isUserMarked` tells whether a declaration or a cast is written with `__user`: what it points to may be the process's. */
  constructor(
    ast: Ast,
    programs: readonly ProgramDecl[],
    private readonly isUserMarked: (node: AstNode) => boolean = () => false,
  ) {
    this.learnMarks(ast);
    for (const node of listChildren(ast))
      if (node.kind === "FunctionDecl" && node.name !== undefined && findBody(node) !== undefined)
        this.functions.set(node.name, node);
    const byName = new Map(programs.map((program) => [program.name, program]));
    for (const node of this.functions.values()) {
      const context = listChildren(node).find((child) => child.kind === "ParmVarDecl");
      const program = byName.get(node.name!);
      // A function that nobody calls and that is not static is a program, whatever made its head.
      if (context === undefined || (program === undefined && node.storageClass === "static")) continue;
      this.learn(this.variables, context.id!, findContextOrigin(program, context.type?.qualType ?? ""));
    }
    for (let round = 0; round < 8; round++) {
      this.changed = false;
      for (const node of this.functions.values()) this.follow(findBody(node)!, node.name!);
      if (!this.changed) break;
    }
  }

  /** Parameters, variables and members of the text that carry the mark. */
  private learnMarks(node: AstNode): void {
    const facts =
      node.kind === "FieldDecl"
        ? this.fields
        : node.kind === "VarDecl" || node.kind === "ParmVarDecl"
          ? this.variables
          : undefined;
    if (facts !== undefined && node.id !== undefined && this.isUserMarked(node)) this.learn(facts, node.id, Origin.any);
    for (const child of listChildren(node)) this.learnMarks(child);
  }

  /** The origin of a pointer, or of an integer that was one. */
  findOrigin(node: AstNode): number {
    const [first, second, third] = listChildren(node);
    switch (node.kind) {
      case "ImplicitCastExpr":
      case "CStyleCastExpr":
        return first === undefined ? 0 : this.findCastOrigin(node, first);
      case "UnaryOperator":
        if (first === undefined) return 0;
        if (node.opcode === "&") return this.findAddress(first);
        if (node.opcode === "++" || node.opcode === "--") return this.findLoaded(first);
        return node.opcode === "+" || node.opcode === "__extension__" ? this.findOrigin(first) : 0;
      case "BinaryOperator":
        return first === undefined || second === undefined ? 0 : this.findOperatorOrigin(node, first, second);
      case "CompoundAssignOperator":
        return first === undefined ? 0 : this.findLoaded(first);
      case "ConditionalOperator":
        return (
          (second === undefined ? 0 : this.findOrigin(second)) | (third === undefined ? 0 : this.findOrigin(third))
        );
      case "BinaryConditionalOperator":
        return listChildren(node).reduce((origin, child) => origin | this.findOrigin(child), 0);
      case "CallExpr":
        return this.findCallOrigin(node);
      case "StmtExpr": {
        const last = first === undefined ? undefined : listChildren(first).at(-1);
        return last === undefined ? 0 : this.findOrigin(last);
      }
      case "UnaryExprOrTypeTraitExpr":
      case "IntegerLiteral":
        return 0;
      case "DeclRefExpr":
      case "MemberExpr":
      case "ArraySubscriptExpr":
        return this.findLoaded(node);
      default:
        return first !== undefined && listChildren(node).length === 1 ? this.findOrigin(first) : 0;
    }
  }

  /** The origin of an lvalue's address. */
  findAddress(node: AstNode): number {
    const children = listChildren(node);
    const first = children[0];
    switch (node.kind) {
      case "DeclRefExpr":
        return node.referencedDecl?.kind === "FunctionDecl" ? 0 : Origin.memory;
      case "CompoundLiteralExpr":
      case "StringLiteral":
      case "PredefinedExpr":
        return Origin.memory;
      case "MemberExpr":
        return first === undefined ? 0 : node.isArrow === true ? this.findOrigin(first) : this.findAddress(first);
      case "ArraySubscriptExpr": {
        const base = children.find((child) => isPointer(child)) ?? first;
        return base === undefined ? 0 : this.findOrigin(base);
      }
      case "UnaryOperator":
        return first === undefined ? 0 : node.opcode === "*" ? this.findOrigin(first) : this.findAddress(first);
      case "StmtExpr":
      case "CallExpr":
        return Origin.memory;
      default:
        return first === undefined ? 0 : this.findAddress(first);
    }
  }

  /** The origin of what is loaded from an lvalue. */
  private findLoaded(node: AstNode): number {
    const children = listChildren(node);
    switch (node.kind) {
      case "DeclRefExpr":
        return this.variables.get(node.referencedDecl?.id ?? "") ?? 0;
      case "ParenExpr":
      case "GenericSelectionExpr":
        return children[0] === undefined ? 0 : this.findLoaded(children[0]);
      case "MemberExpr":
        return this.loadMember(node) | (this.fields.get(node.referencedMemberDecl ?? "") ?? 0);
      case "ArraySubscriptExpr":
        return loadThrough(this.findAddress(node));
      case "UnaryOperator":
        return node.opcode === "*" ? loadThrough(this.findAddress(node)) : this.findOrigin(node);
      default:
        return this.findOrigin(node);
    }
  }

  private loadMember(member: AstNode): number {
    const address = this.findAddress(member);
    // What lies in a union has the type of any of its members for the verifier: often none. But not in a context, which is made of such.
    return loadThrough(
      (address & Origin.typed) !== 0 && isInUnion(member) ? (address & ~Origin.typed) | Origin.kernel : address,
    );
  }

  private findCastOrigin(node: AstNode, inner: AstNode): number {
    if (node.castKind === "LValueToRValue") return this.findLoaded(inner);
    if (node.castKind === "ArrayToPointerDecay") return this.findAddress(inner);
    if (node.castKind === "FunctionToPointerDecay" || node.castKind === "NullToPointer") return 0;
    const origin = this.findOrigin(inner);
    if (node.kind === "CStyleCastExpr" && this.isUserMarked(node)) return origin | Origin.any;
    // The verifier holds on to the type it knows; a view of the object as another struct must be read.
    if (node.kind === "CStyleCastExpr" && (origin & Origin.typed) !== 0 && isOtherRecord(inner, node))
      return (origin & ~Origin.typed) | Origin.kernel;
    return origin;
  }

  private findOperatorOrigin(node: AstNode, left: AstNode, right: AstNode): number {
    switch (node.opcode) {
      case ",":
      case "=":
        return this.findOrigin(right);
      case "+":
      case "-":
        if (isPointer(left) !== isPointer(right)) return this.findOrigin(isPointer(left) ? left : right);
        return isPointer(left) ? 0 : this.findOrigin(left) | this.findOrigin(right);
      case "&":
      case "|":
      case "^":
      case "<<":
      case ">>":
        return this.findOrigin(left) | this.findOrigin(right);
      default:
        return 0;
    }
  }

  private findCallOrigin(node: AstNode): number {
    const name = findCallee(node);
    if (name === undefined) return 0;
    const own = this.results.get(name);
    if (own !== undefined || this.functions.has(name)) return own ?? 0;
    const known = addressHelpers[name];
    if (known !== undefined) return known;
    if (name === "__builtin_preserve_access_index") {
      const arg = listChildren(node)[1];
      return arg === undefined ? 0 : this.findOrigin(arg);
    }
    // Helpers and kernel functions give pointers that the verifier knows.
    return isPointer(node) ? Origin.typed : 0;
  }

  /** Learns from a statement and all below it. */
  private follow(node: AstNode, functionName: string): void {
    const children = listChildren(node);
    switch (node.kind) {
      case "UnaryExprOrTypeTraitExpr":
        return;
      case "VarDecl": {
        const init = children.find((child) => child.kind !== undefined && !child.kind.endsWith("Attr"));
        if (init !== undefined && node.id !== undefined) this.learn(this.variables, node.id, this.findOrigin(init));
        break;
      }
      case "BinaryOperator":
        if (node.opcode === "=" && children.length === 2) this.store(children[0]!, this.findOrigin(children[1]!));
        break;
      case "CompoundAssignOperator":
        if (children.length === 2) this.store(children[0]!, this.findOrigin(children[1]!));
        break;
      case "ReturnStmt":
        if (children[0] !== undefined) this.learn(this.results, functionName, this.findOrigin(children[0]));
        break;
      case "CallExpr":
        this.passArguments(node);
        break;
      default:
        break;
    }
    for (const child of children) this.follow(child, functionName);
  }

  private passArguments(call: AstNode): void {
    const [callee, ...args] = listChildren(call);
    const target = this.functions.get(findCallee(call) ?? "");
    const params = target === undefined ? [] : listChildren(target).filter((child) => child.kind === "ParmVarDecl");
    params.forEach((param, index) => {
      const arg = args[index];
      if (arg !== undefined) this.learn(this.variables, param.id!, this.findOrigin(arg));
    });
    // A function that is handed to a helper is called back with map values, keys and the caller's stack.
    for (const arg of args) {
      const name = findFunctionName(arg);
      const callback = name === undefined ? undefined : this.functions.get(name);
      if (callback === undefined || arg === callee) continue;
      for (const param of listChildren(callback))
        if (param.kind === "ParmVarDecl") this.learn(this.variables, param.id!, Origin.memory);
    }
  }

  private store(target: AstNode, origin: number): void {
    if (isTransparent(target)) {
      const inner = listChildren(target)[0];
      if (inner !== undefined) this.store(inner, origin);
    } else if (target.kind === "DeclRefExpr" && target.referencedDecl?.id !== undefined)
      this.learn(this.variables, target.referencedDecl.id, origin);
    else if (target.kind === "MemberExpr" && target.referencedMemberDecl !== undefined)
      this.learn(this.fields, target.referencedMemberDecl, origin);
  }

  private learn(facts: Map<string, number>, id: string, origin: number): void {
    const before = facts.get(id) ?? 0;
    if ((before | origin) === before && facts.has(id)) return;
    facts.set(id, before | origin);
    this.changed = true;
  }
}

function loadThrough(origin: number): number {
  return loaded.reduce((result, [from, to]) => ((origin & from) === 0 ? result : result | to), 0);
}

/** The name of the function or helper that a call calls. */
export function findCallee(call: AstNode): string | undefined {
  const callee = listChildren(call)[0];
  return callee === undefined ? undefined : findFunctionName(callee);
}

function findFunctionName(node: AstNode): string | undefined {
  let at: AstNode | undefined = node;
  while (at !== undefined && (at.kind === "ImplicitCastExpr" || isTransparent(at) || at.kind === "UnaryOperator"))
    at = listChildren(at)[0];
  return at?.kind === "DeclRefExpr" ? at.referencedDecl?.name : undefined;
}

/** The body of a function, undefined for a mere declaration. */
export function findBody(node: AstNode): AstNode | undefined {
  return listChildren(node).find((child) => child.kind === "CompoundStmt");
}

/** Whether an expression's type is a pointer. */
export function isPointer(node: AstNode): boolean {
  const type = node.type?.desugaredQualType ?? node.type?.qualType ?? "";
  return /\*(\s*(const|volatile|restrict|__restrict))*$/.test(type);
}

/** The tag of the struct or union that a pointer type points to: `struct sock`. */
export function findPointee(node: AstNode): string | undefined {
  const type = node.type?.desugaredQualType ?? node.type?.qualType ?? "";
  return /\b((?:struct|union) \w+)(?: const| volatile)* \*(?: ?const| ?volatile)*$/.exec(type)?.[1];
}

/** Whether a member is reached through a union, up to the pointer that its chain begins with. */
function isInUnion(member: AstNode): boolean {
  const base = listChildren(member)[0];
  if (member.kind !== "MemberExpr" || base === undefined)
    return isTransparent(member) && base !== undefined && isInUnion(base);
  if (/^(const |volatile )*union\b/.test(base.type?.desugaredQualType ?? base.type?.qualType ?? "")) return true;
  return member.isArrow !== true && isInUnion(base);
}

function isOtherRecord(from: AstNode, to: AstNode): boolean {
  const [a, b] = [findPointee(from), findPointee(to)];
  return a !== undefined && b !== undefined && a !== b;
}
