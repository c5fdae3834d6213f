// The process's side of what a program alone cannot show: packets, rings, sockets, iterators, arguments.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif

static int fail(const char *what)
{
	perror(what);
	return 1;
}

/* Runs a packet program on bytes given as hex digits, or on 64 zeros: its answer, and the packet afterwards. */
static int run_packet(int program, const char *hex)
{
	unsigned char packet[256] = { 0 }, after[256];
	unsigned size = hex ? strlen(hex) / 2 : 64;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = size, .data_out = after, .data_size_out = sizeof(after));

	for (unsigned i = 0; hex && i < size && i < sizeof(packet); i++)
		sscanf(hex + i * 2, "%2hhx", &packet[i]);
	if (bpf_prog_test_run_opts(program, &options))
		return fail("test run");
	printf("%u\n", options.retval);
	for (unsigned i = 0; hex && i < options.data_size_out; i++)
		printf("%02x", after[i]);
	if (hex)
		printf("\n");
	return 0;
}

/* Reads an iterator to its end. */
static int run_iterator(int program)
{
	int link = bpf_link_create(program, 0, BPF_TRACE_ITER, NULL);
	int iterator = link < 0 ? -1 : bpf_iter_create(link);
	char text[4096];
	long got;

	if (iterator < 0)
		return fail("iterator");
	while ((got = read(iterator, text, sizeof(text))) > 0)
		fwrite(text, 1, got, stdout);
	return got < 0 ? fail("read") : 0;
}

struct pair {
	short low, high;
	const char *name;
};

/* What a uprobe is put on. */
__attribute__((noinline)) int take_arguments(int number, const char *text, struct pair *pair, unsigned char byte)
{
	asm volatile("" ::: "memory");
	return number + text[0] + pair->low + byte;
}

/* Runs a program of the kind syscall: its answer. */
static int run_call(int program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	if (bpf_prog_test_run_opts(program, &options))
		return fail("test run");
	printf("%u\n", options.retval);
	return 0;
}

/* Writes three numbers, then enters mkdir(2), where the program takes them out. */
static int write_ring(int map)
{
	struct user_ring_buffer *ring = user_ring_buffer__new(map, NULL);

	if (!ring)
		return fail("user_ring_buffer__new");
	for (unsigned long long value = 1; value <= 3; value++) {
		unsigned long long *room = user_ring_buffer__reserve(ring, sizeof(*room));
		if (!room)
			return fail("user_ring_buffer__reserve");
		*room = value * 100;
		user_ring_buffer__submit(ring, room);
	}
	mkdir("/proc/self/nowhere/nothing", 0700);
	user_ring_buffer__free(ring);
	printf("%d\n", getpid());
	return 0;
}

/* Two sockets at one port, of which the second is in the map: tells which one gets a datagram. */
static int choose_socket(int map, int program)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int sockets[2], one = 1, first = 0, sender = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned long long value;
	char byte;

	for (int i = 0; i < 2; i++) {
		sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (setsockopt(sockets[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) || bind(sockets[i], (struct sockaddr *)&address, length))
			return fail("bind");
		getsockname(sockets[i], (struct sockaddr *)&address, &length);
	}
	if (setsockopt(sockets[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program, sizeof(program)))
		return fail("SO_ATTACH_REUSEPORT_EBPF");
	value = sockets[1];
	if (bpf_map_update_elem(map, &first, &value, BPF_ANY))
		return fail("map update");
	for (int i = 0; i < 10; i++)
		sendto(sender, "x", 1, 0, (struct sockaddr *)&address, length);
	for (int i = 0; i < 2; i++) {
		int got = 0;
		while (recv(sockets[i], &byte, 1, MSG_DONTWAIT) == 1)
			got++;
		printf("%d\n", got);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int map = argc > 2 ? bpf_map_get_fd_by_id(atoi(argv[2])) : -1;
	int program = argc > 3 ? bpf_prog_get_fd_by_id(atoi(argv[3])) : -1;

	if (argc == 2 && !strcmp(argv[1], "arguments")) {
		struct pair pair = { -3, 400, "inner" };
		return take_arguments(-7, "outer", &pair, 200) == 0;
	}
	if (argc < 4)
		return 2;
	if (!strcmp(argv[1], "packet"))
		return run_packet(program, argc > 4 ? argv[4] : NULL);
	if (!strcmp(argv[1], "iterator"))
		return run_iterator(program);
	if (!strcmp(argv[1], "call"))
		return run_call(program);
	if (!strcmp(argv[1], "ring"))
		return write_ring(map);
	return choose_socket(map, program);
}
