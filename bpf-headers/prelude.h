/* SPDX-License-Identifier: MIT */
/* Everything that stands before a unit; compiled once per kernel. */
#ifndef BPFTS_PRELUDE_H
#define BPFTS_PRELUDE_H

/* Every kernel struct is relocated to the running kernel's layout. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#include "vmlinux.h"
#pragma clang attribute pop

/* libbpf's headers choose the kernel's register names by this. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__
#endif

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "bpfts_machine.h"
#include "kernel_basics.h"
#include "kernel_functions.h"
#include "bcc_maps.h"
#include "bcc_methods.h"
#include "bcc_programs.h"
#include "bcc_helpers.h"
#include "bcc_reads.h"

#endif
