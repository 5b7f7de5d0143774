/* Preloaded into the console (ld.so(8), LD_PRELOAD): after every fsync and fdatasync of a file in the folder SYNCED_FROM,
 * keeps a copy of the file in the folder SYNCED_TO. The copies are what a disk has after a power cut that drops every
 * unsynced write. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* The name of an open file in SYNCED_FROM; NULL for any other file. */
static const char *name_in_folder(int fd, char path[PATH_MAX]) {
  const char *folder = getenv("SYNCED_FROM");
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (folder == NULL || length < 0) return NULL;
  path[length] = '\0';
  size_t prefix = strlen(folder);
  if (strncmp(path, folder, prefix) != 0 || path[prefix] != '/') return NULL;
  const char *name = path + prefix + 1;
  return strchr(name, '/') == NULL ? name : NULL;
}

/* Copies from the caller's descriptor: a second descriptor of the database would drop SQLite's locks when it is closed.
 * The copy appears under its name whole. */
static int keep(int fd) {
  char path[PATH_MAX], partial[PATH_MAX], whole[PATH_MAX];
  struct stat file;
  const char *name = name_in_folder(fd, path);
  if (name == NULL) return 0;
  snprintf(whole, sizeof whole, "%s/%s", getenv("SYNCED_TO"), name);
  snprintf(partial, sizeof partial, "%s/.%d-%s", getenv("SYNCED_TO"), getpid(), name);
  int copy = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (copy < 0 || fstat(fd, &file) != 0) return -1;
  off_t at = 0;
  while (at < file.st_size)
    if (sendfile(copy, fd, &at, (size_t)(file.st_size - at)) <= 0) break;
  if (close(copy) != 0 || at < file.st_size) {
    errno = EIO;
    return -1;
  }
  return rename(partial, whole);
}

static int synced(const char *name, int fd) {
  int (*real)(int);
  *(void **)&real = dlsym(RTLD_NEXT, name);
  int result = real(fd);
  return result == 0 ? keep(fd) : result;
}

int fsync(int fd) { return synced("fsync", fd); }

int fdatasync(int fd) { return synced("fdatasync", fd); }
