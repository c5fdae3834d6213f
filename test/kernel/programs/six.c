// Calls a function of six arguments, as many as registers hold.
__attribute__((noinline)) int take_six(int a, int b, int c, int d, int e, int f)
{
	__asm__ volatile("" : : "r"(a), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f));
	return a;
}

int main(void) { return take_six(1, 2, 3, 4, 5, -6) - 1; }
