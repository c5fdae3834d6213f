/* SPDX-License-Identifier: MIT */
/* Contexts: registers by BCC's names, arguments by number. */
#ifndef BPFTS_BCC_PROGRAMS_H
#define BPFTS_BCC_PROGRAMS_H

/* The n-th argument of a function, from 1; n is a number. */
#define bpfts_argument(ctx, n) bpfts_paste(PT_REGS_PARM, n)(ctx)

/* Tells the runtime what an argument is that a helper fetched: the loads through it become reads. */
static __always_inline unsigned long bpfts_process_address(unsigned long address)
{
	return address;
}

/* The n-th argument of a system call whose entry takes a struct pt_regs. */
#define bpfts_syscall_argument(ctx, n) bpfts_process_address(bpfts_paste(bpfts_paste(PT_REGS_PARM, n), _CORE_SYSCALL)((struct pt_regs *)PT_REGS_PARM1(ctx)))
/* The same where entries take their arguments in registers. */
#define bpfts_plain_syscall_argument(ctx, n) bpfts_process_address(bpfts_paste(bpfts_paste(PT_REGS_PARM, n), _SYSCALL)(ctx))

#if defined(__TARGET_ARCH_x86)
#ifndef PT_REGS_PARM6
#define PT_REGS_PARM6(x) (((const struct pt_regs *)(x))->r9)
#endif
#ifndef PT_REGS_PARM6_SYSCALL
#define PT_REGS_PARM6_SYSCALL(x) PT_REGS_PARM6(x)
#endif
#ifndef PT_REGS_PARM6_CORE_SYSCALL
#define PT_REGS_PARM6_CORE_SYSCALL(x) BPF_CORE_READ((const struct pt_regs *)(x), r9)
#endif
#elif defined(__TARGET_ARCH_arm64)
#ifndef PT_REGS_PARM6
#define PT_REGS_PARM6(x) (((const struct user_pt_regs *)(x))->regs[5])
#endif
#ifndef PT_REGS_PARM6_SYSCALL
#define PT_REGS_PARM6_SYSCALL(x) PT_REGS_PARM6(x)
#endif
#ifndef PT_REGS_PARM6_CORE_SYSCALL
#define PT_REGS_PARM6_CORE_SYSCALL(x) BPF_CORE_READ((const struct user_pt_regs *)(x), regs[5])
#endif
#endif

/* The registers that a system call was entered with. */
#ifndef PT_REGS_SYSCALL_CTX
#define PT_REGS_SYSCALL_CTX(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))
#endif

/* Tracepoint fields of variable length: the low half says where, the high half how long. Relative ones, which are unsigned here, count from behind themselves. */
#define bpfts_data_loc(field) \
	((const void *)args + (args->data_loc_##field & 0xffff) + \
	 _Generic(args->data_loc_##field, unsigned int: __builtin_offsetof(typeof(*args), data_loc_##field) + sizeof(u32), default: 0))
#define bpfts_data_loc_size(field) ((u32)args->data_loc_##field >> 16)
#define TP_DATA_LOC_READ_CONST(dst, field, length) \
	do { \
		bpf_probe_read_kernel((void *)(dst), length, bpfts_data_loc(field)); \
	} while (0)
#define TP_DATA_LOC_READ(dst, field) \
	do { \
		u32 __bpfts_size = bpfts_data_loc_size(field); \
		bpf_probe_read_kernel((void *)(dst), __bpfts_size, bpfts_data_loc(field)); \
	} while (0)
#define TP_DATA_LOC_READ_STR(dst, field, length) \
	do { \
		bpf_probe_read_kernel_str((void *)(dst), length, bpfts_data_loc(field)); \
	} while (0)

/* Heads that libbpf has only since 1.2, and the sixth argument of those that it had before. */
#ifndef ___bpf_kprobe_args6
#define ___bpf_kprobe_args6(x, args...) ___bpf_kprobe_args5(args), (void *)PT_REGS_PARM6(ctx)
#endif
#ifndef BPF_UPROBE
#define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)
#endif
#ifndef BPF_URETPROBE
#define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)
#endif

#ifndef BCC_SEC
#define BCC_SEC(name) SEC(name)
#endif

#endif
