/* /containerLogs: which container's log it is, and from where on. Called by node_api; loop thread.
 * Refusals are those of kubelet's validateContainerLogStatus. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/logs.h"
#include "agent/node_api_priv.h"
#include "agent/pod_list.h"
#include "agent/podset.h"
#include "agent/runtime.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"

static bool
is_running(void *ctx, struct str container_id)
{
    const struct runtime_container *container = podset_container(ctx, container_id);

    return container != NULL && runtime_is_running(container);
}

static struct val
status_of(struct val pod, struct str name)
{
    struct val status = val_get(pod, "status"), found = { 0 };

    for (int list = 0; list < POD_LIST_LEN && !val_is(found); list++) {
        found = pod_list_item(val_get(status, pod_list_status((enum pod_list)list)), name);
    }
    return found;
}

static bool
has_container(struct object *object, struct str name)
{
    bool has;

    object_pin(object);
    has = val_is(pod_list_find(val_get(object_val(object), "spec"), name, NULL));
    object_unpin(object);
    return has;
}

/* Why there is no log: what the API says the container waits for. */
static struct str
no_log_text(struct arena *arena, struct val pod, struct str name)
{
    struct val status = status_of(pod, name);
    struct str reason = val_str(val_at(status, "state.waiting.reason"));
    struct str pod_name = val_str(val_at(pod, "metadata.name"));

    if (str_is(reason, "ErrImagePull")) {
        reason = STR("image can't be pulled");
    } else if (str_is(reason, "ImagePullBackOff")) {
        reason = STR("trying and failing to pull image");
    }
    if (!val_is(status)) {
        return arena_printf(arena,
                            "container \"" STR_FMT "\" in pod \"" STR_FMT "\" is not available",
                            STR_ARG(name), STR_ARG(pod_name));
    }
    if (reason.size > 0) {
        return arena_printf(
            arena, "container \"" STR_FMT "\" in pod \"" STR_FMT "\" is waiting to start: " STR_FMT,
            STR_ARG(name), STR_ARG(pod_name), STR_ARG(reason));
    }
    return arena_printf(arena, "container \"" STR_FMT "\" in pod \"" STR_FMT "\" is terminated",
                        STR_ARG(name), STR_ARG(pod_name));
}

/* The newest that has run, or with previous the one before it. */
static const struct runtime_container *
choose(const struct runtime_pod *seen, struct str name, bool is_previous)
{
    size_t n = 0;
    const struct runtime_container *container = runtime_container(seen, name, (struct str){ 0 }, 0);

    if (container != NULL && container->state == RUNTIME_CREATED) {
        n = 1;
    }
    return runtime_container(seen, name, (struct str){ 0 }, n + (is_previous ? 1 : 0));
}

static void
read_options(struct http_request *http, struct logs_options *options)
{
    struct arena *arena = http->arena;
    struct str since_time = http_query(http->query, "sinceTime", arena);
    struct str stream = http_query(http->query, "stream", arena);
    int64_t since_s = 0;

    *options = (struct logs_options){ .tail_lines = -1, .limit_bytes = -1 };
    options->follow = http_query_bool(http->query, "follow");
    options->timestamps = http_query_bool(http->query, "timestamps");
    /* The API server has validated them: what is no number is not there. */
    (void)str_to_int(http_query(http->query, "tailLines", arena), &options->tail_lines);
    (void)str_to_int(http_query(http->query, "limitBytes", arena), &options->limit_bytes);
    if (str_to_int(http_query(http->query, "sinceSeconds", arena), &since_s)) {
        options->since_us = clock_wall_us() - since_s * 1000000;
    } else if (since_time.size > 0) {
        (void)clock_parse(since_time, &options->since_us);
    }
    if (str_is(stream, "Stdout")) {
        options->stream = "stdout";
    } else if (str_is(stream, "Stderr")) {
        options->stream = "stderr";
    }
}

static void
send_log(struct node_api_request *request, const struct runtime_container *container)
{
    struct http_request *http = request->http;
    struct http_header headers[] = { { STR("content-type"), STR("text/plain") } };
    struct http_response response = { .status = 200, .headers = headers, .header_len = 1 };
    struct logs_source source = { .loop = request->api->spec.loop,
                                  .path = arena_dupz(http->arena, container->log_path),
                                  .container_id = container->id,
                                  .is_running = is_running,
                                  .ctx = request->api->spec.podset };
    struct logs_options options;
    AUTO_ERR struct err *err = NULL;

    read_options(http, &options);
    if (logs_body(&source, &options, &response.body, &err) < 0) {
        node_api_answer(request, 500, str_of(err->message));
        return;
    }
    http_respond(http, &response);
}

void
node_api_logs(struct node_api_request *request)
{
    struct arena *arena = request->http->arena;
    bool is_previous = http_query_bool(request->http->query, "previous");
    const struct runtime_container *container;
    const struct runtime_pod *seen;
    struct object *object;
    struct str text;

    if (!node_api_pod(request, &object, &seen)) {
        return;
    }
    if (request->word_len < 4) {
        node_api_answer(request, 400, STR("{\"message\": \"Missing container name.\"}"));
        return;
    }
    if (!has_container(object, request->words[3])) {
        text = arena_printf(arena, "container \"" STR_FMT "\" not found in pod \"" STR_FMT "\"",
                            STR_ARG(request->words[3]), STR_ARG(request->words[2]));
        node_api_answer(request, 404, text);
        return;
    }
    container = choose(seen, request->words[3], is_previous);
    if (container != NULL && container->log_path.size > 0) {
        send_log(request, container);
        return;
    }
    if (is_previous) {
        text = arena_printf(
            arena, "previous terminated container \"" STR_FMT "\" in pod \"" STR_FMT "\" not found",
            STR_ARG(request->words[3]), STR_ARG(request->words[2]));
    } else {
        object_pin(object);
        text = arena_dup(arena, no_log_text(arena, object_val(object), request->words[3]));
        object_unpin(object);
    }
    node_api_answer(request, 400, text);
}
