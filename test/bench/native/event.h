// The event that all peers send and read.
struct event {
  unsigned long long ts;
  unsigned int pid;
  unsigned int cpu;
  unsigned long long arg;
  char comm[16];
};
