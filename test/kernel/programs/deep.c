// Calls itself as deep as it is told, and calls `bottom` from there.
#include <stdlib.h>

__attribute__((noinline)) int bottom(int n)
{
	__asm__ volatile("" : : "r"(n) : "memory");
	return n;
}

__attribute__((noinline)) int dive(int n)
{
	int found = n == 0 ? bottom(n) : dive(n - 1);
	__asm__ volatile("" : : "r"(found) : "memory");
	return found + 1;
}

int main(int argc, char **argv) { return dive(atoi(argv[1])) < 0; }
