/* agent/cgroup: what is written into which hierarchy, and what is in use. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/err.h"
#include "tests/lib/unit.h"

struct box {
    struct arena *arena;
    char root[32];
};

static int
open_box(void **state)
{
    struct arena *arena = arena_new();
    struct box *box = ARENA_NEW(arena, struct box);

    box->arena = arena;
    (void)snprintf(box->root, sizeof(box->root), "/tmp/cgroup-XXXXXX");
    assert_non_null(mkdtemp(box->root));
    *state = box;
    return 0;
}

static int
close_box(void **state)
{
    struct box *box = *state;
    struct err *err = NULL;

    assert_int_equal(disk_remove(box->root, &err), 0);
    arena_free(box->arena);
    return 0;
}

/* A file below the root, with directories. */
static void
put(struct box *box, const char *path, const char *text)
{
    struct str at = arena_printf(box->arena, "%s%s", box->root, path);
    char *dir = arena_dupz(box->arena, at);
    struct err *err = NULL;

    *strrchr(dir, '/') = '\0';
    assert_int_equal(disk_make_dirs(dir, 0755, &err), 0);
    assert_int_equal(disk_write(at.at, str_of(text), 0644, &err), 0);
}

static void
expect(struct box *box, const char *path, const char *text)
{
    struct err *err = NULL;
    struct str got = { 0 };

    assert_int_equal(disk_read(box->arena, arena_printf(box->arena, "%s%s", box->root, path).at, 64,
                               false, &got, &err),
                     0);
    assert_true(str_is(got, text));
}

static void
test_version_1(void **state)
{
    struct box *box = *state;
    struct pod_limits limits = { .cpu_shares = 204, .cpu_quota_us = 20000, .memory_bytes = 4096 };
    struct err *err = NULL;

    put(box, "/cpu/kubepods/podx/cpu.shares", "");
    put(box, "/cpu/kubepods/podx/cpu.cfs_period_us", "");
    put(box, "/cpu/kubepods/podx/cpu.cfs_quota_us", "");
    put(box, "/memory/kubepods/podx/memory.limit_in_bytes", "");
    assert_int_equal(cgroup_limit(box->root, STR("/kubepods/podx"), &limits, &err), 0);
    expect(box, "/cpu/kubepods/podx/cpu.shares", "204");
    expect(box, "/cpu/kubepods/podx/cpu.cfs_period_us", "100000");
    expect(box, "/cpu/kubepods/podx/cpu.cfs_quota_us", "20000");
    expect(box, "/memory/kubepods/podx/memory.limit_in_bytes", "4096");
    limits = (struct pod_limits){ .cpu_shares = 2 };
    put(box, "/cpu/kubepods/podx/cpu.shares", ""); /* a plain file keeps what is not overwritten */
    put(box, "/cpu/kubepods/podx/cpu.cfs_quota_us", "");
    put(box, "/memory/kubepods/podx/memory.limit_in_bytes", "");
    assert_int_equal(cgroup_limit(box->root, STR("/kubepods/podx"), &limits, &err), 0);
    expect(box, "/cpu/kubepods/podx/cpu.shares", "2");
    expect(box, "/cpu/kubepods/podx/cpu.cfs_quota_us", "-1");
    expect(box, "/memory/kubepods/podx/memory.limit_in_bytes", "-1");
}

static void
test_slices(void **state)
{
    struct box *box = *state;
    struct pod_limits limits = { .cpu_shares = 1024, .cpu_quota_us = 20000 };
    struct str pod = STR("kubepods-burstable-podx_y.slice");
    struct err *err = NULL;

    put(box, "/kubepods.slice/kubepods-burstable.slice/cpu.weight", "");
    put(box, "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx_y.slice/cpu.max",
        "");
    put(box, "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx_y.slice/memory.max",
        "");
    assert_int_equal(cgroup_limit(box->root, pod, &limits, &err), 0);
    expect(box, "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx_y.slice/cpu.max",
           "20000 100000");
    expect(box,
           "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx_y.slice/memory.max",
           "max");
    assert_true(str_is(cgroup_parent(pod), "kubepods-burstable"));
    assert_int_equal(cgroup_limit(box->root, cgroup_parent(pod), &limits, &err), 0);
    expect(box, "/kubepods.slice/kubepods-burstable.slice/cpu.weight", "39");
}

static void
test_memory_in_use(void **state)
{
    struct box *box = *state;

    assert_true(str_is(cgroup_parent(STR("/kubepods/burstable/podx")), "/kubepods/burstable"));
    put(box, "/memory/kubepods/podx/c1/memory.usage_in_bytes", "8192\n");
    put(box, "/kubepods.slice/kubepods-podx.slice/cri-containerd-c2.scope/memory.current",
        "12288\n");
    assert_int_equal(cgroup_memory(box->root, STR("/kubepods/podx"), "c1"), 8192);
    assert_int_equal(cgroup_memory(box->root, STR("kubepods-podx.slice"), "c2"), 12288);
    assert_int_equal(cgroup_memory(box->root, STR("/kubepods/podx"), "c2"), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_version_1, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_slices, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_memory_in_use, open_box, close_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
