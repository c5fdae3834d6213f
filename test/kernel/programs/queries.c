/* Queries of MySQL and of PostgreSQL, with the probes and functions of those servers: built with MYSQL56, MYSQL57 or, with PostgreSQL's probes, neither. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROBE(provider, name)                                                      \
	"990: nop\n"                                                               \
	".pushsection .note.stapsdt, \"\", \"note\"\n"                             \
	".balign 4\n"                                                              \
	".4byte 992f - 991f, 994f - 993f, 3\n"                                     \
	"991: .asciz \"stapsdt\"\n"                                                \
	"992: .balign 4\n"                                                         \
	"993: .8byte 990b, _.stapsdt.base, 0\n"                                    \
	".asciz \"" provider "\"\n.asciz \"" name "\"\n.asciz \"8@%%rdi\"\n"       \
	"994: .balign 4\n"                                                         \
	".popsection\n"                                                            \
	".ifndef _.stapsdt.base\n"                                                 \
	".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n"\
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"                           \
	"_.stapsdt.base: .space 1\n.size _.stapsdt.base, 1\n"                      \
	".popsection\n"                                                            \
	".endif\n"

/* Servers clear a packet before they are done with it. */
static void work(char *query, unsigned int us)
{
	memset(query, 0, 8);
	usleep(us);
}

static __attribute__((noinline)) void run_probed(char *query, unsigned int us)
{
	asm volatile(PROBE("postgresql", "query__start") : : "D"(query) : "memory");
	work(query, us);
	asm volatile(PROBE("postgresql", "query__done") : : "D"(query) : "memory");
}

#ifdef MYSQL57
struct com_query {
	const char *query;
	unsigned int length;
};
__attribute__((noinline)) int dispatch_command(void *thd, struct com_query *data, int command, unsigned int us)
	asm("_Z16dispatch_commandP3THDPK8COM_DATA19enum_server_command");
int dispatch_command(void *thd, struct com_query *data, int command, unsigned int us)
{
	work((char *)data->query, us);
	return command;
}
static void run(int command, char *query, unsigned int us)
{
	struct com_query data = {query, strlen(query)};
	dispatch_command(&data, &data, command, us);
}
#elif defined(MYSQL56)
__attribute__((noinline)) int dispatch_command(int command, void *thd, char *packet, unsigned int us)
	asm("_Z16dispatch_command19enum_server_commandP3THDPcj");
int dispatch_command(int command, void *thd, char *packet, unsigned int us)
{
	work(packet, us);
	return command;
}
static void run(int command, char *query, unsigned int us)
{
	dispatch_command(command, 0, query, us);
}
#else
static void run(int command, char *query, unsigned int us)
{
	if (command == 3)
		run_probed(query, us);
}
#endif

int main(void)
{
	/* A query with a command that is none of COM_QUERY's: COM_PING. */
	char ping[] = "ping", fast[] = "select 1 from quick", slow[] = "select 2 from slow", last[] = "delete from all";
#if !defined(MYSQL56) && !defined(MYSQL57)
	char line[16];
	printf("pid %d\nready\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
#endif
		run(14, ping, 60000);
		run(3, fast, 1000);
		run(3, slow, 60000);
		run(3, last, 100000);
#if !defined(MYSQL56) && !defined(MYSQL57)
		printf("done\n");
		fflush(stdout);
		strcpy(fast, "select 1 from quick"), strcpy(slow, "select 2 from slow"), strcpy(last, "delete from all");
	}
#endif
	return 0;
}
