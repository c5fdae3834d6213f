import { DebugBit } from "../wire/debug-bits.ts";

/**
 * For `new BPF({ debug })`: prints the LLVM IR that clang makes of the C text, on standard error.
 *
 * Source: BCC's DEBUG_LLVM_IR.
 *
 * @example
 * import { BPF, DEBUG_LLVM_IR } from "bpfts";
 * new BPF({ text: `BPF_HASH(counts, u32, u64);`, debug: DEBUG_LLVM_IR });
 */
export const DEBUG_LLVM_IR: number = DebugBit.LLVM_IR;

/**
 * For `new BPF({ debug })`: prints the verifier's log of each program that is loaded, with the state of the registers at branches, on standard error.
 *
 * Source: BCC's DEBUG_BPF.
 *
 * @example
 * import { BPF, DEBUG_BPF } from "bpfts";
 * new BPF({ text: `BPF_HASH(counts, u32, u64);`, debug: DEBUG_BPF });
 */
export const DEBUG_BPF: number = DebugBit.BPF;

/**
 * For `new BPF({ debug })`: prints the C text as clang compiles it, with BCC's words rewritten, on standard error.
 *
 * Source: BCC's DEBUG_PREPROCESSOR.
 *
 * @example
 * import { BPF, DEBUG_PREPROCESSOR } from "bpfts";
 * new BPF({ text: `BPF_HASH(counts, u32, u64);`, debug: DEBUG_PREPROCESSOR });
 */
export const DEBUG_PREPROCESSOR: number = DebugBit.PREPROCESSOR;

/**
 * For `new BPF({ debug })`: prints the compiled instructions of each function under the source lines that they stand for, on standard error.
 *
 * Source: BCC's DEBUG_SOURCE.
 *
 * @example
 * import { BPF, DEBUG_SOURCE } from "bpfts";
 * new BPF({ text: `BPF_HASH(counts, u32, u64);`, debug: DEBUG_SOURCE });
 */
export const DEBUG_SOURCE: number = DebugBit.SOURCE;

/**
 * For `new BPF({ debug })`: prints the verifier's log with the state of the registers after every instruction, on standard error.
 *
 * Source: BCC's DEBUG_BPF_REGISTER_STATE.
 *
 * @example
 * import { BPF, DEBUG_BPF_REGISTER_STATE } from "bpfts";
 * new BPF({ text: `BPF_HASH(counts, u32, u64);`, debug: DEBUG_BPF_REGISTER_STATE });
 */
export const DEBUG_BPF_REGISTER_STATE: number = DebugBit.BPF_REGISTER_STATE;

/**
 * For `new BPF({ debug })`: prints the types of the compiled object as C, and libbpf's messages when it is loaded, on standard error.
 *
 * Source: BCC's DEBUG_BTF.
 *
 * @example
 * import { BPF, DEBUG_BTF } from "bpfts";
 * new BPF({ text: `BPF_HASH(counts, u32, u64);`, debug: DEBUG_BTF });
 */
export const DEBUG_BTF: number = DebugBit.BTF;
