/* SPDX-License-Identifier: MIT */
/* libbpf's usdt.bpf.h includes this for three numbers. */
#ifndef ENOENT
#define ENOENT 2
#endif
#ifndef ESRCH
#define ESRCH 3
#endif
#ifndef EINVAL
#define EINVAL 22
#endif
