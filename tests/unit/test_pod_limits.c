/* Requests and limits in the kernel's units, and where the pod's cgroup is. */
#include "config.h"

#include "tests/lib/unit.h"

#include "agent/pod_limits.h"
#include "base/arena.h"
#include "base/err.h"

static void
test_units(void **state)
{
    (void)state;
    assert_int_equal(pod_limits_shares(0), 2);
    assert_int_equal(pod_limits_shares(250), 256);
    assert_int_equal(pod_limits_shares(1000000), 262144);
    assert_int_equal(pod_limits_quota(0), 0);
    assert_int_equal(pod_limits_quota(5), 1000);
    assert_int_equal(pod_limits_quota(1500), 150000);
}

static void
test_containers(void **state)
{
    static const struct {
        const char *resources;
        struct pod_limits want;
        const char *cgroup, *slice;
    } rows[] = {
        { "{}",
          { 2, 0, 0, 1000 },
          "/kubepods/besteffort/poda-b",
          "kubepods-besteffort-poda_b.slice" },
        { "{\"requests\":{\"cpu\":\"250m\",\"memory\":\"100Mi\"},\"limits\":{\"memory\":\"200Mi\"}}",
          { 256, 0, 200 << 20, 900 },
          "/kubepods/burstable/poda-b",
          "kubepods-burstable-poda_b.slice" },
        { "{\"requests\":{\"cpu\":\"1\",\"memory\":\"1Gi\"},\"limits\":{\"cpu\":\"1\",\"memory\":"
          "\"1Gi\"}}",
          { 1024, 100000, 1 << 30, -997 },
          "/kubepods/poda-b",
          "kubepods-poda_b.slice" },
        { "{\"requests\":{\"memory\":\"1000Mi\"}}",
          { 2, 0, 0, 3 },
          "/kubepods/burstable/poda-b",
          "kubepods-burstable-poda_b.slice" },
        { "{\"limits\":{\"cpu\":\"2\"}}",
          { 2048, 200000, 0, 999 },
          "/kubepods/burstable/poda-b",
          "kubepods-burstable-poda_b.slice" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct err *err = NULL;
        struct str text = arena_printf(arena,
                                       "{\"metadata\":{\"uid\":\"a-b\"},\"spec\":{\"containers\":[{"
                                       "\"name\":\"c\",\"resources\":%s}]}}",
                                       rows[i].resources);
        struct val pod = doc_root(doc_parse(arena, text, &err));
        struct pod_limits got;

        pod_limits_of(pod, val_item(val_at(pod, "spec.containers"), 0), (int64_t)1000 << 20, &got);
        assert_int_equal(got.cpu_shares, rows[i].want.cpu_shares);
        assert_int_equal(got.cpu_quota_us, rows[i].want.cpu_quota_us);
        assert_int_equal(got.memory_bytes, rows[i].want.memory_bytes);
        assert_int_equal(got.oom_score_adj, rows[i].want.oom_score_adj);
        assert_string_equal(pod_limits_cgroup(pod, false, arena).at, rows[i].cgroup);
        assert_string_equal(pod_limits_cgroup(pod, true, arena).at, rows[i].slice);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
