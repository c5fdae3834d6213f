// Takes mutexes in known orders: locks.c inverted|ordered [wait]. No two threads run at the same time, so nothing hangs. `wait` begins at SIGUSR1.
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, two = PTHREAD_MUTEX_INITIALIZER, three = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noinline)) static void take(pthread_mutex_t *first, pthread_mutex_t *second) {
  pthread_mutex_lock(first);
  pthread_mutex_lock(second);
  pthread_mutex_unlock(second);
  pthread_mutex_unlock(first);
}

void *take_one_two(void *unused) { take(&one, &two); usleep(1); return NULL; }
void *take_two_three(void *unused) { take(&two, &three); usleep(1); return NULL; }
void *take_three_one(void *unused) { take(&three, &one); usleep(1); return NULL; }
void *take_one_three(void *unused) { take(&one, &three); usleep(1); return NULL; }

static void run(void *(*work)(void *)) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, NULL);
  pthread_join(thread, NULL);
}

int main(int count, char **words) {
  if (count > 2) {
    sigset_t start;
    int signal;
    sigemptyset(&start);
    sigaddset(&start, SIGUSR1);
    sigprocmask(SIG_BLOCK, &start, NULL);
    sigwait(&start, &signal);
  }
  run(take_one_two);
  run(take_two_three);
  run(strcmp(words[1], "inverted") == 0 ? take_three_one : take_one_three);
  sleep(count > 2 ? 100 : 4);
  return 0;
}
