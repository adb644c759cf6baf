/* Preloaded into a program that runs under an instrument: its monotonic clock, by which time-outs are kept, runs at a
   thousandth of the speed. An instrument makes a program fifty times slower, and a connection that was given up for
   that would be counted twice. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int status = syscall(SYS_clock_gettime, clock, time);
    if (status == 0 && clock == CLOCK_MONOTONIC) {
        long long nanos = (time->tv_sec * 1000000000LL + time->tv_nsec) / 1000;
        time->tv_sec = nanos / 1000000000;
        time->tv_nsec = nanos % 1000000000;
    }
    return status;
}
