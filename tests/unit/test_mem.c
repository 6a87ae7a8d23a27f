/* base/mem: zeroing, ownership macros, overflow. */
#include "config.h" /* IWYU pragma: keep */

#include "base/mem.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/unit.h"

static char *
steal_from_auto(void)
{
    AUTO_FREE char *text = mem_strdup("kept");

    return STEAL(text);
}

static void
test_new_is_zeroed(void **state)
{
    (void)state;
    AUTO_FREE unsigned char *bytes = mem_new(100);
    AUTO_FREE void *empty = mem_new(0);
    AUTO_FREE int *numbers = mem_new_array(3, sizeof(int));

    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(bytes[i], 0);
    }
    assert_non_null(empty);
    assert_int_equal(numbers[2], 0);
}

static void
test_copies(void **state)
{
    (void)state;
    AUTO_FREE char *part = mem_strndup("abcdef", 3);
    AUTO_FREE char *printed = mem_printf("%s-%d", "x", 7);
    AUTO_FREE char *stolen = steal_from_auto();
    AUTO_FREE char *bytes = mem_copy("a\0b", 3);

    assert_string_equal(part, "abc");
    assert_string_equal(printed, "x-7");
    assert_string_equal(stolen, "kept");
    assert_memory_equal(bytes, "a\0b", 3);
    assert_null(mem_strdup(NULL));
}

static void
test_wipe(void **state)
{
    (void)state;
    char secret[] = "hunter2";

    mem_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++) {
        assert_int_equal(secret[i], 0);
    }
}

static void
test_fd_is_closed_at_the_end_of_scope(void **state)
{
    (void)state;
    int seen = -1;
    {
        AUTO_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        seen = fd;
        assert_true(fcntl(seen, F_GETFD) >= 0);
    }
    assert_int_equal(fcntl(seen, F_GETFD), -1);
}

static void
test_overflow_aborts(void **state)
{
    (void)state;
    pid_t pid = fork();

    if (pid == 0) {
        (void)close(STDERR_FILENO);
        mem_free(mem_new_array(SIZE_MAX / 2, 4));
        _exit(0);
    }
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void
test_container_of(void **state)
{
    (void)state;
    struct outer {
        int before;
        int member;
    } outer = { 1, 2 };

    assert_ptr_equal(container_of(&outer.member, struct outer, member), &outer);
    assert_int_equal(ARRAY_LEN(((int[]){ 1, 2, 3 })), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_is_zeroed),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_fd_is_closed_at_the_end_of_scope),
        cmocka_unit_test(test_overflow_aborts),
        cmocka_unit_test(test_container_of),
    };

    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
