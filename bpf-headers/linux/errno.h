/* SPDX-License-Identifier: MIT */
/* libbpf's usdt.bpf.h includes this; the prelude has the error numbers. */
