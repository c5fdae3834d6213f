/* Probes written as sys/sdt.h writes them, with every form of operand in registers that are known. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROBE(provider, name, semaphore, args)                                     \
	"990: nop\n"                                                               \
	".pushsection .note.stapsdt, \"\", \"note\"\n"                             \
	".balign 4\n"                                                              \
	".4byte 992f - 991f, 994f - 993f, 3\n"                                     \
	"991: .asciz \"stapsdt\"\n"                                                \
	"992: .balign 4\n"                                                         \
	"993: .8byte 990b, _.stapsdt.base, " semaphore "\n"                        \
	".asciz \"" provider "\"\n.asciz \"" name "\"\n.asciz \"" args "\"\n"      \
	"994: .balign 4\n"                                                         \
	".popsection\n"                                                            \
	".ifndef _.stapsdt.base\n"                                                 \
	".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n"\
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"                           \
	"_.stapsdt.base: .space 1\n.size _.stapsdt.base, 1\n"                      \
	".popsection\n"                                                            \
	".endif\n"

/* The kernel counts it up while somebody traces the probe. */
__attribute__((section(".probes"), used)) volatile unsigned short demo_work_semaphore;

struct record {
	char before[16];
	long field;
};

static __attribute__((noinline)) void work(int turn, int *numbers)
{
	struct record record = {.field = 1000 + turn};
	static const char text[] = "text of the probe";
	register signed char small asm("r8") = (signed char)-turn;
	/* What was never touched cannot be read by a probe. */
	asm volatile("" ::"r"(*(volatile const char *)text));
	asm volatile(PROBE("demo", "work", "demo_work_semaphore",
			   "-4@%%edi -4@$-7 8@16(%%rdx) -4@(%%rsi,%%rcx,4) 4@4(%%rsi,%%rcx,4) -1@%%r8b 8@%%rax 8f@%%xmm0")
		     :
		     : "D"(turn), "d"(&record), "S"(numbers), "c"((long)(turn % 4)), "r"(small), "a"(text)
		     : "memory");
}

/* A name that two providers have. */
static __attribute__((noinline)) void shared(void)
{
	asm volatile(PROBE("demo", "shared", "0", ""));
	asm volatile(PROBE("other", "shared", "0", ""));
}

/* Arguments at variables, and in the second byte of a register. */
static volatile int own_counter = 500;
volatile long shared_table[4] = {10, 20, 30, 40};

static __attribute__((noinline)) void variables(int turn)
{
	own_counter++;
	asm volatile(PROBE("demo", "variables", "0", "-4@own_counter(%%rip) 8@shared_table+16(%%rip) 8@24+shared_table(%%rip) 1@%%ah 4@no_such_variable(%%rip)")
		     :
		     : "a"((turn << 8) | 0x77)
		     : "memory");
}

/* Variables that each thread has its own of; elements of a table, where tables have fixed addresses. */
static __thread volatile int own_number = 7;
static __thread volatile long own_table[4] = {100, 200, 300, 400};
#ifdef __PIE__
#define ELEMENTS "4@$0 4@$0"
#else
#define ELEMENTS "-4@elements(,%%rcx,4) 4@elements+4(,%%rcx,4)"
#endif
volatile int elements[5] = {-1, -2, -3, -4, -5};

static __attribute__((noinline)) void *threads(void *turn)
{
	own_number += (int)(long)turn;
	own_table[2]++;
	asm volatile(PROBE("demo", "threads", "0", "-4@%%fs:own_number@tpoff 8@%%fs:own_table@tpoff+16 8@%%fs:own_table@tpoff(,%%rcx,8) 4@%%fs:(%%rdx) " ELEMENTS)
		     :
		     : "c"((long)turn % 4), "d"((char *)&own_number - (char *)__builtin_thread_pointer())
		     : "memory");
	return 0;
}

/* The same name at two places, whose arguments lie in different registers. */
static __attribute__((noinline)) void tick(int turn)
{
	asm volatile(PROBE("demo", "tick", "0", "-4@%%edi") : : "D"(turn));
	asm volatile(PROBE("demo", "tick", "0", "-4@%%esi") : : "S"(turn + 100));
}

int main(void)
{
	static int numbers[8] = {0, 11, 22, 33, 44, 55, 66, 77};
	char line[16];
	printf("pid %d\nready\n", getpid());
	fflush(stdout);
	/* One turn for each line that it is given. */
	for (int turn = 1; fgets(line, sizeof line, stdin); turn++) {
		if (demo_work_semaphore)
			work(turn, numbers);
		tick(turn);
		variables(turn);
		pthread_t thread;
		threads((void *)(long)turn);
		pthread_create(&thread, 0, threads, (void *)(long)turn);
		pthread_join(thread, 0);
		shared();
		printf("%d\n", demo_work_semaphore);
		fflush(stdout);
	}
	return 0;
}
