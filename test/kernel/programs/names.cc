// Functions with C++ names.
#include <cstdio>
#include <string>
#include <unistd.h>

namespace shop {

struct Basket {
  long total = 0;
  __attribute__((noinline)) void Add(int price, const char *what);
  template <typename T> __attribute__((noinline)) T Count(T start);
};

void Basket::Add(int price, const char *what) {
  asm volatile("" ::"r"(what) : "memory");
  total += price;
}

template <typename T> T Basket::Count(T start) {
  asm volatile("" ::: "memory");
  return start + static_cast<T>(total);
}

/// At -O1 and above the failure is moved away, below all other code.
__attribute__((noinline)) long Pay(int price) {
  if (__builtin_expect(price < 0, 0)) throw std::string("no money");
  asm volatile("" ::: "memory");
  return price;
}

}  // namespace shop

namespace {

__attribute__((noinline)) long Hide(int price) {
  asm volatile("" ::: "memory");
  return price;
}

}  // namespace

template <typename Method> static void Say(const char *name, Method method) {
  std::printf("%s %p\n", name, *reinterpret_cast<void **>(&method));
}

int main() {
  shop::Basket basket;
  char line[64];
  std::printf("pid %d\n", getpid());
  Say("Add", &shop::Basket::Add);
  Say("Count", &shop::Basket::Count<long>);
  std::printf("ready\n");
  std::fflush(stdout);
  for (int turn = 1; std::fgets(line, sizeof line, stdin); turn++) {
    basket.Add(turn, "an apple");
    std::printf("%ld\n", basket.Count<long>(1) + shop::Pay(turn) - Hide(turn));
    std::fflush(stdout);
  }
}
