/*
 * A disk whose syncs are slow: LD_PRELOAD this, and every fsync and fdatasync of the process takes SLOW_SYNC_US
 * microseconds longer. For the bench only; faults for the tests are made in test/.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_as_told(void) {
  const char *text = getenv("SLOW_SYNC_US");
  long us = text ? atol(text) : 0;
  struct timespec rest = {us / 1000000, (us % 1000000) * 1000};
  while (nanosleep(&rest, &rest) != 0) {
  }
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  wait_as_told();
  return real(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  wait_as_told();
  return real(fd);
}
