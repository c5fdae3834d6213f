/** BCC's debug bits, without their prefix. */
export const DebugBit: {
  readonly LLVM_IR: number;
  readonly BPF: number;
  readonly PREPROCESSOR: number;
  readonly SOURCE: number;
  readonly BPF_REGISTER_STATE: number;
  readonly BTF: number;
} = { LLVM_IR: 1, BPF: 2, PREPROCESSOR: 4, SOURCE: 8, BPF_REGISTER_STATE: 16, BTF: 32 };

/** All of them. */
export const ALL_DEBUG_BITS = 63;
