// Calls functions that take or answer what C calls a bool, with the other bytes of its register set.
__attribute__((noinline)) long take_flag(long flag) { __asm__ volatile(""); return flag; }
__attribute__((noinline)) long answer_flag(long flag) { __asm__ volatile(""); return flag; }

int main(void) {
	const long flags[] = {0x100, 0x101, 0x7fff0000, 1, 0};
	for (int i = 0; i < 5; i++) {
		take_flag(flags[i]);
		answer_flag(flags[i]);
	}
	return 0;
}
