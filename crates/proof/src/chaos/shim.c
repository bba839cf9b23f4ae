/* Preloaded into a process under test: its wall clock is off by what the campaign says, and its flushes to disk take
 * longer. What it says lies in a small file that both have mapped: two 64-bit numbers, nanoseconds and microseconds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct told {
    volatile int64_t clock_offset_ns;
    volatile int64_t flush_delay_us;
};

static const struct told *told;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SINFONIA_CHAOS_CONTROL");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *map = mmap(NULL, sizeof(struct told), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (map != MAP_FAILED) told = map;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(clock, now);
    if (answer == 0 && told && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t offset = told->clock_offset_ns;
        now->tv_sec += offset / 1000000000;
        now->tv_nsec += offset % 1000000000;
        if (now->tv_nsec >= 1000000000) { now->tv_sec++; now->tv_nsec -= 1000000000; }
        if (now->tv_nsec < 0) { now->tv_sec--; now->tv_nsec += 1000000000; }
    }
    return answer;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec exact;
    int answer = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return answer;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}

static void wait_a_little(void) {
    int64_t delay = told ? told->flush_delay_us : 0;
    if (delay <= 0) return;
    struct timespec pause = {delay / 1000000, (delay % 1000000) * 1000};
    nanosleep(&pause, NULL);
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_a_little();
    return real(file);
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_a_little();
    return real(file);
}
