// The other file of overloads.cc.
extern "C" {
static __attribute__((noinline)) int twin(int value) {
  asm volatile("" ::: "memory");
  return value * 3;
}
}

int other_file(int turn) { return twin(turn); }
