/* A function whose unlikely part is moved away, into the middle of which the rest jumps with numbers of its own on the stack. */
#include <stdio.h>

/* Data among the code. */
asm(".text\n.globl parted_number\nparted_number: .long 7\n");
extern const int parted_number;

__attribute__((cold, noinline)) int rare(const int *numbers)
{
	asm volatile("" ::: "memory");
	return numbers[0] + 1;
}

__attribute__((noinline)) int parted(int turn)
{
	int numbers[16], sum = 0;
	for (int i = 0; i < 16; i++)
		numbers[i] = i + turn;
	asm volatile("" ::"r"(numbers) : "memory");
	if (__builtin_expect(turn > 2, 0)) {
		numbers[0] += rare(numbers);
		asm volatile("" ::"r"(numbers) : "memory");
	}
	for (int i = 0; i < 16; i++)
		sum += numbers[i];
	return sum;
}

int main(void)
{
	for (int turn = 1; turn < 5; turn++)
		printf("%d\n", parted(turn) * parted_number);
}
