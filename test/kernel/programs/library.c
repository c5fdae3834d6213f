/* What programs link, or load while they run. */
static __attribute__((noinline)) int in_library_hidden(int turn)
{
	asm volatile("" ::: "memory");
	return turn * 10;
}

int in_library(int turn) { return in_library_hidden(turn) + 1; }
