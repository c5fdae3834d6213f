// A C++ name that stands for three functions, and a static function that another file has, too.
#include <cstdio>

int other_file(int turn);

struct Shelf {
  long total = 0;
  __attribute__((noinline)) void add(int value);
  __attribute__((noinline)) void add(long value);
  __attribute__((noinline)) void add(int value, int more);
};

void Shelf::add(int value) {
  asm volatile("" ::: "memory");
  total += value;
}

void Shelf::add(long value) {
  asm volatile("" ::: "memory");
  total += value * 2;
}

void Shelf::add(int value, int more) {
  asm volatile("" ::: "memory");
  total += value * more;
}

extern "C" {
static __attribute__((noinline)) int twin(int value) {
  asm volatile("" ::: "memory");
  return value + 1;
}
}

int main() {
  Shelf shelf;
  shelf.add(1);
  shelf.add(2L);
  shelf.add(3, 4);
  std::printf("%ld %d\n", shelf.total, twin(5) + other_file(6));
}
