/* Calls of the container runtime interface: packs a request, unpacks the answer. One row a method.
 * Called by whoever needs the runtime (pod_worker, pleg, node_api …); loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cri.h"

#include "agent/cri.pb-c.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/grpc.h"
#include "net/http_client.h"

enum { DIAL_MS = 3000, CALL_MS = 2 * 60 * 1000, LONG_MS = 4 * 60 * 1000, PULL_MS = 60 * 60 * 1000 };

/* Path, type of the answer, deadline. */
struct method {
    const char *path;
    const ProtobufCMessageDescriptor *answer;
    int64_t timeout_ms;
};
#define RUNTIME(name) "/runtime.v1.RuntimeService/" name
#define IMAGE(name) "/runtime.v1.ImageService/" name
static const struct method methods[] = {
    [CRI_VERSION] = { RUNTIME("Version"), &cri__version_response__descriptor, CALL_MS },
    [CRI_STATUS] = { RUNTIME("Status"), &cri__status_response__descriptor, CALL_MS },
    [CRI_RUNTIME_CONFIG] = { RUNTIME("RuntimeConfig"), &cri__runtime_config_response__descriptor,
                             CALL_MS },
    [CRI_RUN_SANDBOX] = { RUNTIME("RunPodSandbox"), &cri__run_pod_sandbox_response__descriptor,
                          LONG_MS },
    [CRI_STOP_SANDBOX] = { RUNTIME("StopPodSandbox"), &cri__stop_pod_sandbox_response__descriptor,
                           LONG_MS },
    [CRI_REMOVE_SANDBOX] = { RUNTIME("RemovePodSandbox"),
                             &cri__remove_pod_sandbox_response__descriptor, LONG_MS },
    [CRI_SANDBOX_STATUS] = { RUNTIME("PodSandboxStatus"),
                             &cri__pod_sandbox_status_response__descriptor, CALL_MS },
    [CRI_LIST_SANDBOXES] = { RUNTIME("ListPodSandbox"), &cri__list_pod_sandbox_response__descriptor,
                             CALL_MS },
    [CRI_CREATE_CONTAINER] = { RUNTIME("CreateContainer"),
                               &cri__create_container_response__descriptor, LONG_MS },
    [CRI_START_CONTAINER] = { RUNTIME("StartContainer"), &cri__start_container_response__descriptor,
                              LONG_MS },
    [CRI_STOP_CONTAINER] = { RUNTIME("StopContainer"), &cri__stop_container_response__descriptor,
                             CALL_MS },
    [CRI_REMOVE_CONTAINER] = { RUNTIME("RemoveContainer"),
                               &cri__remove_container_response__descriptor, CALL_MS },
    [CRI_CONTAINER_STATUS] = { RUNTIME("ContainerStatus"),
                               &cri__container_status_response__descriptor, CALL_MS },
    [CRI_UPDATE_CONTAINER] = { RUNTIME("UpdateContainerResources"),
                               &cri__update_container_resources_response__descriptor, CALL_MS },
    [CRI_LIST_CONTAINERS] = { RUNTIME("ListContainers"), &cri__list_containers_response__descriptor,
                              CALL_MS },
    [CRI_LIST_STATS] = { RUNTIME("ListContainerStats"),
                         &cri__list_container_stats_response__descriptor, CALL_MS },
    [CRI_REOPEN_LOG] = { RUNTIME("ReopenContainerLog"),
                         &cri__reopen_container_log_response__descriptor, CALL_MS },
    [CRI_EVENTS] = { RUNTIME("GetContainerEvents"), &cri__container_event_response__descriptor, 0 },
    [CRI_EXEC_SYNC] = { RUNTIME("ExecSync"), &cri__exec_sync_response__descriptor, CALL_MS },
    [CRI_EXEC] = { RUNTIME("Exec"), &cri__exec_response__descriptor, CALL_MS },
    [CRI_ATTACH] = { RUNTIME("Attach"), &cri__attach_response__descriptor, CALL_MS },
    [CRI_PORT_FORWARD] = { RUNTIME("PortForward"), &cri__port_forward_response__descriptor,
                           CALL_MS },
    [CRI_IMAGE_STATUS] = { IMAGE("ImageStatus"), &cri__image_status_response__descriptor, CALL_MS },
    [CRI_PULL_IMAGE] = { IMAGE("PullImage"), &cri__pull_image_response__descriptor, PULL_MS },
};

struct cri {
    struct loop *loop;
    struct http_client *client, *events; /* events: made by the first watch */
    char *address;
};
struct cri_call {
    const struct method *method;
    struct grpc_call *call;
    ProtobufCMessage *answer;                                /* of a unary call */
    void (*event)(void *ctx, const ProtobufCMessage *event); /* of a stream */
    cri_done_fn *done;
    void *ctx;
};

static struct http_client *
connection(struct loop *loop, const char *address)
{
    struct http_client_spec spec = {
        .address = address, .authority = "localhost", .http2 = true, .dial_timeout_ms = DIAL_MS
    };

    return http_client_new(loop, &spec);
}

struct cri *
cri_new(struct loop *loop, const char *address)
{
    struct cri *cri = MEM_NEW(struct cri);

    cri->loop = loop;
    cri->address = mem_strdup(address);
    cri->client = connection(loop, address);
    return cri;
}

void
cri_free(struct cri *cri)
{
    if (cri == NULL) {
        return;
    }
    http_client_free(cri->client);
    if (cri->events != NULL) {
        http_client_free(cri->events);
    }
    mem_free(cri->address);
    mem_free(cri);
}

static bool
take_message(void *ctx, struct str bytes)
{
    struct cri_call *call = ctx;
    ProtobufCMessage *message = protobuf_c_message_unpack(call->method->answer, NULL, bytes.size,
                                                          (const uint8_t *)bytes.at);

    if (message != NULL && call->event != NULL) {
        call->event(call->ctx, message);
        protobuf_c_message_free_unpacked(message, NULL);
    } else if (message != NULL) {
        call->answer = message; /* a unary call has one */
    }
    return true; /* what cannot be read: the end says so, or the next relist makes up for it */
}

static void
finish(void *ctx, enum grpc_code code, struct err *owned)
{
    struct cri_call *call = ctx;

    if (code == GRPC_OK && call->event == NULL && call->answer == NULL) {
        (void)err_set(&owned, ERR_UNKNOWN, "%s: the answer of the runtime cannot be read",
                      call->method->path);
    }
    call->done(call->ctx, owned == NULL ? call->answer : NULL, owned);
    if (call->answer != NULL) {
        protobuf_c_message_free_unpacked(call->answer, NULL);
    }
    mem_free(call);
}

static struct cri_call *
start(struct http_client *client, struct cri_call *call, const ProtobufCMessage *request,
      int64_t timeout_ms)
{
    size_t size = protobuf_c_message_get_packed_size(request);
    AUTO_FREE uint8_t *bytes = mem_new_raw(size);
    struct grpc_call_spec spec = {
        .method = call->method->path,
        .is_unary = call->event == NULL,
        .timeout_ms = timeout_ms > 0 ? timeout_ms : call->method->timeout_ms,
        .message_fn = take_message,
        .done_fn = finish,
        .ctx = call,
    };

    spec.message = str_slice((const char *)bytes, protobuf_c_message_pack(request, bytes));
    call->call = grpc_start(client, &spec);
    return call;
}

struct cri_call *
cri_call(struct cri *cri, enum cri_method method, const ProtobufCMessage *request,
         int64_t timeout_ms, cri_done_fn *done, void *ctx)
{
    struct cri_call *call = MEM_NEW(struct cri_call);

    call->method = &methods[method];
    call->done = done;
    call->ctx = ctx;
    return start(cri->client, call, request, timeout_ms);
}

struct cri_call *
cri_watch(struct cri *cri, void (*event)(void *ctx, const ProtobufCMessage *event),
          cri_done_fn *done, void *ctx)
{
    struct cri_call *call = MEM_NEW(struct cri_call);
    Cri__GetEventsRequest request = CRI__GET_EVENTS_REQUEST__INIT;

    if (cri->events == NULL) {
        cri->events = connection(cri->loop, cri->address);
    }
    call->method = &methods[CRI_EVENTS];
    call->event = event;
    call->done = done;
    call->ctx = ctx;
    return start(cri->events, call, &request.base, 0);
}

void
cri_cancel(struct cri_call *call)
{
    grpc_cancel(call->call);
}
