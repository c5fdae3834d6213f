/** What the kernel says of a loaded function. */
export interface FunctionReply {
  /** The kernel's number for it; 0 in a check that loads nothing. */
  readonly id: number;
  /** A hash of its instructions, in hexadecimal; "" in a check that loads nothing. */
  readonly tag: string;
  /** Source: enum bpf_prog_type. */
  readonly type: number;
}

/** How a function is to be run on a packet or a context of the script's. */
export interface TestArgument {
  /** Units: bytes of what crosses that are the packet; the rest is the context. */
  readonly packetBytes: number;
  /** How often it runs; 0 where the kernel runs it once and measures nothing. */
  readonly repeat: number;
  /** Whether the kernel answers the context as it was left. */
  readonly keepsContext: boolean;
}

/** Units: bytes before packet and context in the answer of a test run: u32 each, what the function returned, the nanoseconds of a run, the bytes of the packet, nothing. */
export const TEST_HEAD_BYTES = 16;
