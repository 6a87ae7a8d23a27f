/* The sandbox process of the lab's pods: waits for the end, reaps children when it is PID 1 of a
 * shared pid namespace. */
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static void
stop(int number)
{
    (void)number;
    _exit(0);
}

static void
reap(int number)
{
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

int
main(void)
{
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    signal(SIGCHLD, reap);
    for (;;) {
        pause();
    }
}
