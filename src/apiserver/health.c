/* Whether this server lives and is ready, what it is, its numbers, and which paths it has.
 *
 * Mounts; texts as apiserver/pkg/server/healthz writes them. Loop thread. */
#include "config.h"

#include "apiserver/health.h"

#include "apiserver/apiserver_impl.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "net/body.h"
#include "net/http.h"

#define LOG_MODULE "health"

enum { EXCLUDED_MAX = 16 };

#if defined(__clang__)
#define COMPILER "clang"
#else
#define COMPILER "gcc"
#endif
#if defined(__aarch64__)
#define PLATFORM "linux/arm64"
#else
#define PLATFORM "linux/amd64"
#endif

/* Kubernetes' version that is spoken, and ours behind it: one place. */
static const char version_json[] = "{\"major\":\"1\",\"minor\":\"35\","
                                   "\"emulationMajor\":\"1\",\"emulationMinor\":\"35\","
                                   "\"minCompatibilityMajor\":\"1\","
                                   "\"minCompatibilityMinor\":\"34\","
                                   "\"gitVersion\":\"v1.35.0+binnacle." BINNACLE_VERSION "\","
                                   "\"gitCommit\":\"\",\"gitTreeState\":\"clean\","
                                   "\"buildDate\":\"1970-01-01T00:00:00Z\","
                                   "\"goVersion\":\"none\",\"compiler\":\"" COMPILER "\","
                                   "\"platform\":\"" PLATFORM "\"}";

static void
answer_text(struct req *req, int status, struct str text)
{
    req_header(req, "x-content-type-options", STR("nosniff"));
    req_answer_body(req, status, "text/plain; charset=utf-8", body_of_copy(text));
}

static void
handle_version(void *ctx, struct req *req)
{
    (void)ctx;
    req_answer_json(req, 200, str_slice(version_json, sizeof(version_json) - 1));
}

/* ---- checks ---- */

struct excluded {
    struct str names[EXCLUDED_MAX];
    bool used[EXCLUDED_MAX];
    size_t len;
};

static bool
is_excluded(struct excluded *excluded, const char *name)
{
    bool found = false;
    for (size_t i = 0; i < excluded->len; i++) {
        if (str_is(excluded->names[i], name)) {
            excluded->used[i] = found = true;
        }
    }
    return found;
}

static void
warn_unknown(const struct excluded *excluded, struct str_builder *out)
{
    bool any = false;
    for (size_t i = 0; i < excluded->len; i++) {
        if (!excluded->used[i]) {
            str_putz(out,
                     any ? "," : "warn: some health checks cannot be excluded: no matches for ");
            str_putf(out, "\"" STR_FMT "\"", STR_ARG(excluded->names[i]));
            any = true;
        }
    }
    if (any) {
        str_putc(out, '\n');
    }
}

/* Every check that is asked for, one line each. → how many failed. */
static int
run_checks(struct req *req, struct excluded *excluded, struct str_builder *out)
{
    struct apiserver *server = req->server;
    int failed = 0;
    for (size_t i = 0; i < server->checks.len; i++) {
        const struct apiserver_check *check = &server->checks.at[i];
        if (is_excluded(excluded, check->name)) {
            str_putf(out, "[+]%s excluded: ok\n", check->name);
            continue;
        }
        const char *problem = check->check(check->ctx);
        if (problem != NULL) {
            failed++;
            log_warn("health check failed check=%s problem=%s", check->name, problem);
            str_putf(out, "[-]%s failed: reason withheld\n", check->name);
        } else {
            str_putf(out, "[+]%s ok\n", check->name);
        }
    }
    warn_unknown(excluded, out);
    return failed;
}

static void
handle_checks(void *ctx, struct req *req)
{
    const char *name = ctx;
    AUTO_STR struct str_builder out = { 0 };
    struct excluded excluded = { 0 };
    excluded.len = http_query_all(req->query, "exclude", excluded.names, EXCLUDED_MAX, req->arena);
    excluded.len = excluded.len > EXCLUDED_MAX ? EXCLUDED_MAX : excluded.len;
    int failed = run_checks(req, &excluded, &out);
    if (failed > 0) {
        str_putf(&out, "%s check failed\n", name);
        answer_text(req, 500, str_view(&out));
    } else if (http_query(req->query, "verbose", req->arena).at != NULL) {
        str_putf(&out, "%s check passed\n", name);
        answer_text(req, 200, str_view(&out));
    } else {
        answer_text(req, 200, STR("ok"));
    }
}

/* /readyz/NAME: one check. */
static void
handle_one_check(void *ctx, struct req *req)
{
    (void)ctx;
    for (size_t i = 0; i < req->server->checks.len; i++) {
        const struct apiserver_check *check = &req->server->checks.at[i];
        if (!str_is(req->name, check->name)) {
            continue;
        }
        const char *problem = check->check(check->ctx);
        if (problem == NULL) {
            answer_text(req, 200, STR("ok"));
        } else {
            answer_text(req, 500, arena_printf(req->arena, "internal server error: %s\n", problem));
        }
        return;
    }
    answer_text(req, 404, STR("404 page not found\n"));
}

static const char *
check_ping(void *ctx)
{
    (void)ctx;
    return NULL;
}

static const char *
check_synced(void *ctx)
{
    const struct apiserver *server = ctx;
    return server->is_ready ? NULL : "the store is being read";
}

static const char *
check_shutdown(void *ctx)
{
    const struct apiserver *server = ctx;
    return server->is_stopping ? "process is shutting down" : NULL;
}

/* ---- numbers and paths ---- */

static void
handle_metrics(void *ctx, struct req *req)
{
    (void)ctx;
    AUTO_STR struct str_builder out = { 0 };
    metrics_text(&out);
    req_answer_body(req, 200, "text/plain; version=0.0.4; charset=utf-8",
                    body_of_copy(str_view(&out)));
}

static void
handle_paths(void *ctx, struct req *req)
{
    struct apiserver *server = ctx;
    struct jw w;
    jw_init(&w, req->arena);
    jw_obj(&w);
    jw_keyz(&w, "paths");
    jw_arr(&w);
    for (size_t i = 0; i < server->mounts.len; i++) {
        if (!str_contains(str_of(server->mounts.at[i]->path), STR("{"))) {
            jw_strz(&w, server->mounts.at[i]->path);
        }
    }
    jw_end(&w);
    jw_end(&w);
    req_answer_json(req, 200, jw_done(&w));
}

void
health_mount(struct apiserver *server)
{
    static char healthz[] = "healthz", livez[] = "livez", readyz[] = "readyz";
    const struct mount mounts[] = {
        { .path = "/", .verbs = VERB_GET, .handle = handle_paths, .ctx = server },
        { .path = "/version", .verbs = VERB_GET, .handle = handle_version },
        { .path = "/healthz", .verbs = VERB_GET, .handle = handle_checks, .ctx = healthz },
        { .path = "/livez", .verbs = VERB_GET, .handle = handle_checks, .ctx = livez },
        { .path = "/readyz", .verbs = VERB_GET, .handle = handle_checks, .ctx = readyz },
        { .path = "/healthz/{name}", .verbs = VERB_GET, .handle = handle_one_check },
        { .path = "/livez/{name}", .verbs = VERB_GET, .handle = handle_one_check },
        { .path = "/readyz/{name}", .verbs = VERB_GET, .handle = handle_one_check },
        { .path = "/metrics", .verbs = VERB_GET, .handle = handle_metrics },
    };
    for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
        apiserver_mount(server, &mounts[i]);
    }
    apiserver_check(server, "ping", check_ping, NULL);
    apiserver_check(server, "informer-sync", check_synced, server);
    apiserver_check(server, "shutdown", check_shutdown, server);
}
