/* base/metrics: text format, labels and their bound, histograms, several threads. */
#include "config.h" /* IWYU pragma: keep */

#include "base/metrics.h"

#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "tests/lib/unit.h"

static void
check_has(const char *line)
{
    AUTO_STR struct str_builder text = { 0 };
    AUTO_FREE char *wanted = mem_printf("\n%s\n", line);

    metrics_text(&text);
    if (!str_contains(str_view(&text), str_of(wanted))) {
        AUTO_FREE char *all = str_steal(&text);

        fail_msg("no line '%s' in:\n%s", line, all);
    }
}

static void
test_without_labels(void **state)
{
    (void)state;
    check_has("# HELP binnacle_store_commits_total store transactions\n"
              "# TYPE binnacle_store_commits_total counter\n"
              "binnacle_store_commits_total 0");
    metrics_add(METRIC_COMMITS, NULL, 2);
    metrics_add(METRIC_COMMITS, NULL, 1);
    check_has("binnacle_store_commits_total 3");
    metrics_set(METRIC_LOOP_LAG_SECONDS, NULL, 0.1);
    check_has("binnacle_loop_lag_seconds 0.1");
}

static void
test_with_labels(void **state)
{
    (void)state;
    metrics_add(METRIC_REQUESTS,
                "GET\x1f"
                "pods\x1f"
                "200",
                1);
    metrics_add(METRIC_REQUESTS,
                "GET\x1f"
                "pods\x1f"
                "404",
                5);
    metrics_add(METRIC_REQUESTS,
                "GET\x1f"
                "pods\x1f"
                "200",
                1);
    check_has("apiserver_request_total{verb=\"GET\",resource=\"pods\",code=\"200\"} 2");
    check_has("apiserver_request_total{verb=\"GET\",resource=\"pods\",code=\"404\"} 5");
    metrics_set(METRIC_WATCHERS, "a\"b\\c\nd", 1);
    check_has("apiserver_registered_watchers{resource=\"a\\\"b\\\\c\\nd\"} 1");
}

static void
test_histogram(void **state)
{
    (void)state;
    metrics_observe(METRIC_REQUEST_SECONDS,
                    "GET\x1f"
                    "pods",
                    0.005); /* a bound is inside */
    metrics_observe(METRIC_REQUEST_SECONDS,
                    "GET\x1f"
                    "pods",
                    0.5);
    metrics_observe(METRIC_REQUEST_SECONDS,
                    "GET\x1f"
                    "pods",
                    1000);
    check_has("# TYPE apiserver_request_duration_seconds histogram");
#define BUCKET "apiserver_request_duration_seconds_bucket{verb=\"GET\",resource=\"pods\","
    check_has(BUCKET "le=\"0.0025\"} 0");
    check_has(BUCKET "le=\"0.005\"} 1");
    check_has(BUCKET "le=\"0.4\"} 1");
    check_has(BUCKET "le=\"0.6\"} 2");
    check_has(BUCKET "le=\"60\"} 2");
    check_has(BUCKET "le=\"+Inf\"} 3");
#undef BUCKET
    check_has("apiserver_request_duration_seconds_sum{verb=\"GET\",resource=\"pods\"} 1000.505");
    check_has("apiserver_request_duration_seconds_count{verb=\"GET\",resource=\"pods\"} 3");
}

static void
test_label_sets_are_bounded(void **state)
{
    (void)state;
    char labels[64];

    for (int i = 0; i < 1500; i++) {
        (void)snprintf(labels, sizeof(labels), "plan-%d\x1f%s", i, "ok");
        metrics_add(METRIC_PLANS, labels, 1);
    }
    check_has("binnacle_plans_total{name=\"plan-999\",result=\"ok\"} 1");
    check_has("binnacle_plans_total{name=\"other\",result=\"other\"} 500");
}

static void *
add_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10000; i++) {
        metrics_add(METRIC_WORKQ_ADDS, "threads", 1);
        metrics_observe(METRIC_COMMIT_SECONDS, NULL, 0.001);
    }
    return NULL;
}

static void
test_threads(void **state)
{
    (void)state;
    pthread_t threads[3];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    check_has("workqueue_adds_total{name=\"threads\"} 30000");
    check_has("binnacle_store_commit_duration_seconds_count 30000");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_labels), cmocka_unit_test(test_with_labels),
        cmocka_unit_test(test_histogram),      cmocka_unit_test(test_label_sets_are_bounded),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
