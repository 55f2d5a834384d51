/*
 * Makes the disk misbehave for one process: loaded with LD_PRELOAD, steered by a small shared file (io-fault.ts writes
 * it), and only for files below one directory. Every call asks the steering anew, so a test can break and mend the
 * disk while the process runs. The counters go the other way: a test sees that its fault has really struck.
 *
 * WEIR_FAULT_DIR     the directory, as /proc/self/fd names it (no symbolic links)
 * WEIR_FAULT_CONTROL the steering file, at least sizeof(struct control) long
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Little-endian 32-bit words in the order of FIELDS in io-fault.ts. */
struct control {
  _Atomic int32_t sync_errno;    /* 0 = syncs work */
  _Atomic int32_t sync_delay_ms; /* before the sync is done or fails */
  _Atomic int32_t write_errno;   /* 0 = writes work */
  _Atomic int32_t short_bytes;   /* > 0: a write takes at most this many, before it may fail */
  _Atomic int32_t skip;          /* so many calls that would fail still work */
  _Atomic int32_t syncs;
  _Atomic int32_t failed_syncs;
  _Atomic int32_t writes;
  _Atomic int32_t failed_writes;
  _Atomic int32_t short_writes;
};

static struct control *control;
static char directory[PATH_MAX];
static size_t directory_length;

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);

__attribute__((constructor)) static void set_up(void) {
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
  const char *dir = getenv("WEIR_FAULT_DIR");
  const char *file = getenv("WEIR_FAULT_CONTROL");
  if (!dir || !file) return;
  directory_length = strlen(dir);
  if (directory_length >= sizeof directory) return;
  memcpy(directory, dir, directory_length + 1);
  int fd = open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    /* A test whose faults cannot strike must not pass. */
    fprintf(stderr, "io-fault: %s: %s\n", file, strerror(errno));
    _exit(70);
  }
  void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED) _exit(70);
  control = map;
}

/* Whether the file is below the directory. Asked through /proc, because a descriptor may be reused at any time. */
static int concerned(int fd) {
  if (!control) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int before = errno;
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = before;
  if (length <= 0) return 0;
  path[length] = 0;
  return !strncmp(path, directory, directory_length) && path[directory_length] == '/';
}

static int skipped(void) {
  int32_t left = control->skip;
  while (left > 0)
    if (atomic_compare_exchange_weak(&control->skip, &left, left - 1)) return 1;
  return 0;
}

static int sync_with(int (*real)(int), int fd) {
  if (!concerned(fd)) return real(fd);
  control->syncs++;
  int32_t delay = control->sync_delay_ms;
  if (delay > 0) {
    struct timespec left = {delay / 1000, (delay % 1000) * 1000000L};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {}
  }
  int32_t error = control->sync_errno;
  if (error == 0 || skipped()) return real(fd);
  control->failed_syncs++;
  errno = error;
  return -1;
}

int fsync(int fd) { return sync_with(real_fsync, fd); }
int fdatasync(int fd) { return sync_with(real_fdatasync, fd); }

/* How many bytes may be written: -1 = the write fails with errno set. */
static ssize_t allowed(int fd, size_t wanted) {
  if (!concerned(fd)) return (ssize_t)wanted;
  control->writes++;
  int32_t limit = control->short_bytes;
  if (limit > 0 && (size_t)limit < wanted) {
    control->short_writes++;
    return limit;
  }
  int32_t error = control->write_errno;
  if (error == 0 || skipped()) return (ssize_t)wanted;
  control->failed_writes++;
  errno = error;
  return -1;
}

ssize_t write(int fd, const void *data, size_t size) {
  ssize_t take = allowed(fd, size);
  return take < 0 ? -1 : real_write(fd, data, (size_t)take);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
  ssize_t take = allowed(fd, size);
  return take < 0 ? -1 : real_pwrite(fd, data, (size_t)take, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

static size_t total(const struct iovec *parts, int count) {
  size_t sum = 0;
  for (int i = 0; i < count; i++) sum += parts[i].iov_len;
  return sum;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  size_t wanted = total(parts, count);
  ssize_t take = allowed(fd, wanted);
  if (take < 0) return -1;
  if ((size_t)take == wanted) return real_writev(fd, parts, count);
  size_t first = parts[0].iov_len;
  return real_write(fd, parts[0].iov_base, (size_t)take < first ? (size_t)take : first);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) {
  size_t wanted = total(parts, count);
  ssize_t take = allowed(fd, wanted);
  if (take < 0) return -1;
  if ((size_t)take == wanted) return real_pwritev(fd, parts, count, at);
  size_t first = parts[0].iov_len;
  return real_pwrite(fd, parts[0].iov_base, (size_t)take < first ? (size_t)take : first, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  return pwritev64(fd, parts, count, at);
}
