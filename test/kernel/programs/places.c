/* Says where its functions are, then works one turn for each line that it reads. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

/* A function that ends before the next one starts: nobody's code lies between. Then one without a size. */
asm(".text\n"
    ".balign 16\n"
    ".globl sized_asm\n.type sized_asm, @function\n"
    "sized_asm: .skip 8, 0x90\n"
    ".size sized_asm, . - sized_asm\n"
    ".skip 24, 0x90\n" /* nobody's */
    ".globl unsized_asm\n"
    "unsized_asm: .skip 8, 0x90\n"
    ".globl next_asm\n.type next_asm, @function\n"
    "next_asm: ret\n"
    ".size next_asm, . - next_asm\n"
    ".annobin_places.c: .skip 8, 0x90\n"); /* Marks as Fedora's compilers set them name no code. */
extern char sized_asm[], unsized_asm[], next_asm[];

int in_library(int turn) __attribute__((weak));
int (*loaded)(int);
void *library;

NOINLINE int add_up(int a, long b, const char *text)
{
	/* Who asks for its frame has one, leaf or not. */
	asm volatile("" ::"r"(text), "r"(__builtin_frame_address(0)) : "memory");
	return a + (int)b;
}

static NOINLINE int inner(int turn)
{
	return add_up(turn, 2 * turn, "a text of the program") + 1;
}

static NOINLINE int middle(int turn)
{
	return inner(turn) + 1;
}

NOINLINE int outer(int turn)
{
	return middle(turn) + 1;
}

/* An alias in the way of libc's: people know the one without underscores. */
int __known_name(void) { return 4; }
int known_name(void) __attribute__((alias("__known_name"), weak));

int rust_name(void) asm("_RNvCskwGfYPst2Cb_3foo16example_function");
int rust_name(void) { return 7; }

static void say(const char *name, const void *address) { printf("%s %p\n", name, address); }

int main(int argc, char **argv)
{
	char line[64];
	printf("pid %d\n", getpid());
	say("add_up", add_up);
	say("inner", inner);
	say("middle", middle);
	say("outer", outer);
	say("main", main);
	say("known_name", known_name);
	say("rust_name", rust_name);
	say("sized_asm", sized_asm);
	say("unsized_asm", unsized_asm);
	say("next_asm", next_asm);
	if (in_library)
		say("in_library", in_library);
	printf("ready\n");
	fflush(stdout);
	for (int turn = 1; fgets(line, sizeof line, stdin); turn++) {
		if (argc > 2 && loaded) {
			/* Loads its library anew every other turn. */
			dlclose(library);
			loaded = 0;
			printf("dropped\n");
		} else if (argc > 1 && !loaded) {
			library = dlopen(argv[1], RTLD_NOW);
			loaded = library ? (int (*)(int))dlsym(library, "in_library") : 0;
			printf("%p\n", (void *)loaded);
		} else {
			printf("%d\n", loaded ? loaded(turn) : outer(turn) + (in_library ? in_library(turn) : 0));
		}
		fflush(stdout);
	}
	return 0;
}
