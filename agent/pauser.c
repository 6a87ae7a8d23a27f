/* The process of a pod's sandbox: holds its namespaces and, as PID 1 of a shared PID namespace, reaps
 * what loses its parent; ends on TERM and INT. No libc: it is embedded into the agent, which packs it
 * as an image, so that a node needs no registry to start. Built as a program of its own. */

#if defined(__x86_64__)
enum { NR_SIGPROCMASK = 14, NR_WAIT4 = 61, NR_SIGTIMEDWAIT = 128, NR_EXIT_GROUP = 231 };

static long
call(long number, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
enum { NR_SIGPROCMASK = 135, NR_WAIT4 = 260, NR_SIGTIMEDWAIT = 137, NR_EXIT_GROUP = 94 };

static long
call(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;

    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#else
#error "the system calls of this machine are not written down here"
#endif

enum { SIG_INT = 2, SIG_TERM = 15, SIG_CHLD = 17, SIG_BLOCK_THEM = 0, DO_NOT_WAIT = 1 };

__attribute__((noreturn, used, visibility("default"))) void pauser_begin(void);

void
pauser_begin(void)
{
    static const unsigned long signals =
        1UL << (SIG_INT - 1) | 1UL << (SIG_TERM - 1) | 1UL << (SIG_CHLD - 1);

    (void)call(NR_SIGPROCMASK, SIG_BLOCK_THEM, (long)&signals, 0, sizeof(signals));
    for (;;) {
        long number = call(NR_SIGTIMEDWAIT, (long)&signals, 0, 0, sizeof(signals));

        if (number == SIG_INT || number == SIG_TERM) {
            break;
        }
        while (call(NR_WAIT4, -1, 0, DO_NOT_WAIT, 0) > 0) {
        }
    }
    for (;;) {
        (void)call(NR_EXIT_GROUP, 0, 0, 0, 0);
    }
}
