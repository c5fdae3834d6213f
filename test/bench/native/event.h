// The event that all peers send and read.
struct event {
  unsigned long long ts;
  unsigned int pid;
  unsigned int cpu;
  unsigned int arg;
  char comm[16];
};
