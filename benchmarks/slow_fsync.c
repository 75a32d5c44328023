/* Preloaded into a server, it makes each fsync take FSYNC_DELAY_MS longer, as a slow disk does. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int delayed(const char *name, int fd) {
    int (*original)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *text = getenv("FSYNC_DELAY_MS");
    long ms = text ? atol(text) : 0;
    struct timespec rest = {ms / 1000, (ms % 1000) * 1000000L};
    while (nanosleep(&rest, &rest) != 0) {
    }
    return original(fd);
}

int fsync(int fd) { return delayed("fsync", fd); }
int fdatasync(int fd) { return delayed("fdatasync", fd); }
