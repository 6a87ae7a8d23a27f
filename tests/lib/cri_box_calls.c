/* The calls of the runtime in memory, one function each. See cri_box.h. */
#include "config.h"

#include "tests/lib/cri_box_priv.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/http.h"
#include "net/server.h"
#include "tests/lib/unit.h"

/* ---- answers ---- */

static const struct http_header grpc_type = { STR("content-type"), STR("application/grpc") };

static void
frame(struct str_builder *out, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    AUTO_FREE uint8_t *bytes = mem_new(size + CRI_BOX_FRAME);

    for (int i = 0; i < 4; i++) {
        bytes[1 + i] = (uint8_t)(size >> (8 * (3 - i)));
    }
    (void)protobuf_c_message_pack(message, bytes + CRI_BOX_FRAME);
    str_put(out, str_slice((char *)bytes, size + CRI_BOX_FRAME));
}

static void
respond(struct box_call *call, struct str bytes, enum grpc_code code, const char *message)
{
    char digits[8];
    struct http_header trailers[] = { { STR("grpc-status"), { digits, 0 } },
                                      { STR("grpc-message"), str_of(message) } };
    struct http_request *request = call->request;

    call->request = NULL;
    if (request == NULL) {
        return;
    }
    trailers[0].value.size = (size_t)snprintf(digits, sizeof(digits), "%d", (int)code);
    http_respond(request, &(struct http_response){ .status = 200,
                                                   .headers = &grpc_type,
                                                   .header_len = 1,
                                                   .body = body_of_copy(bytes),
                                                   .trailers = trailers,
                                                   .trailer_len = ARRAY_LEN(trailers) });
}

static void
say(struct box_call *call, const ProtobufCMessage *message)
{
    AUTO_STR struct str_builder out = { 0 };

    frame(&out, message);
    respond(call, str_view(&out), GRPC_OK, "");
}

void
cri_box_refuse(struct box_call *call, enum grpc_code code, const char *message)
{
    respond(call, (struct str){ 0 }, code, message);
}

/* ---- what there is ---- */

/* The generated messages want texts that could be written to. */
static char *
text(const char *z)
{
    return (char *)(uintptr_t)z;
}

static int64_t
now_ns(void)
{
    return clock_wall_us() * 1000;
}

static struct cri_box_sandbox *
sandbox_of(struct cri_box *box, const char *id)
{
    for (size_t i = 0; i < box->sandbox_len; i++) {
        if (strcmp(box->sandboxes[i].id, id) == 0) {
            return &box->sandboxes[i];
        }
    }
    return NULL;
}

static struct cri_box_container *
container_of_id(struct cri_box *box, const char *id)
{
    for (size_t i = 0; i < box->container_len; i++) {
        if (strcmp(box->containers[i].id, id) == 0) {
            return &box->containers[i];
        }
    }
    return NULL;
}

static const char *
name_of(const struct cri_box_container *container)
{
    return container->made->config->metadata->name;
}

struct cri_box_container *
cri_box_container(struct cri_box *box, const char *name)
{
    for (size_t i = box->container_len; i-- > 0;) {
        if (box->containers[i].id[0] != '\0' && strcmp(name_of(&box->containers[i]), name) == 0) {
            return &box->containers[i];
        }
    }
    return NULL;
}

/* Every entry type of a map has this layout. */
static bool
has_labels(const void *labels, size_t len, const void *wanted, size_t wanted_len)
{
    Cri__PodSandboxFilter__LabelSelectorEntry *const *have = labels, *const *want = wanted;
    size_t found = 0;

    for (size_t i = 0; i < wanted_len; i++) {
        for (size_t j = 0; j < len; j++) {
            found += strcmp(want[i]->key, have[j]->key) == 0 &&
                     strcmp(want[i]->value, have[j]->value) == 0;
        }
    }
    return found == wanted_len;
}

static void
end(struct cri_box_container *container, int32_t code)
{
    if (container->state == CRI__CONTAINER_STATE__CONTAINER_RUNNING) {
        container->state = CRI__CONTAINER_STATE__CONTAINER_EXITED;
        container->exit_code = code;
        container->finished_ns = now_ns();
    }
}

/* ---- events ---- */

static enum pull_rc
pull_events(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct box_call *call = container_of(body, struct box_call, body);
    size_t size = call->out.size - call->out_at;

    size = size < max_bytes ? size : max_bytes;
    iov[0] = (struct iovec){ call->out.at + call->out_at, size };
    *io_len = size > 0;
    call->out_at += size;
    call->is_waiting = true;
    return PULL_WAIT;
}

static void
events_sent(struct body *body)
{
    container_of(body, struct box_call, body)->is_streaming = false;
}

static void
tell(struct cri_box *box, const char *sandbox)
{
    struct cri_box_sandbox *of = sandbox_of(box, sandbox);
    Cri__ContainerEventResponse event = CRI__CONTAINER_EVENT_RESPONSE__INIT;
    Cri__PodSandboxStatus status = CRI__POD_SANDBOX_STATUS__INIT;

    if (box->events == NULL || of == NULL) {
        return;
    }
    status.metadata = of->made->config->metadata;
    event.pod_sandbox_status = &status;
    frame(&box->events->out, &event.base);
    if (box->events->is_waiting) {
        box->events->is_waiting = false;
        box->events->body.wake(&box->events->body);
    }
}

static void
get_events(struct box_call *call, ProtobufCMessage *message)
{
    struct http_request *request = call->request;

    (void)message;
    if (!call->box->has_events) {
        cri_box_refuse(call, GRPC_UNIMPLEMENTED, "unknown method GetContainerEvents");
        return;
    }
    call->box->events = call;
    call->is_streaming = true;
    call->body = (struct body){ .pull = pull_events, .done = events_sent, .size = -1 };
    http_respond(request,
                 &(struct http_response){
                     .status = 200, .headers = &grpc_type, .header_len = 1, .body = &call->body });
}

void
cri_box_exit(struct cri_box *box, const char *name, int32_t code)
{
    struct cri_box_container *container = cri_box_container(box, name);

    assert_non_null(container);
    end(container, code);
    tell(box, container->sandbox);
}

/* ---- the runtime itself, images ---- */

static void
version(struct box_call *call, ProtobufCMessage *message)
{
    Cri__VersionResponse answer = CRI__VERSION_RESPONSE__INIT;

    (void)message;
    answer.runtime_name = text("box");
    answer.runtime_version = text("1.0");
    answer.runtime_api_version = text("v1");
    say(call, &answer.base);
}

static void
status(struct box_call *call, ProtobufCMessage *message)
{
    Cri__StatusResponse answer = CRI__STATUS_RESPONSE__INIT;
    Cri__RuntimeStatus all = CRI__RUNTIME_STATUS__INIT;
    Cri__RuntimeCondition runtime = CRI__RUNTIME_CONDITION__INIT;
    Cri__RuntimeCondition network = CRI__RUNTIME_CONDITION__INIT;
    Cri__RuntimeCondition *conditions[] = { &runtime, &network };

    (void)message;
    runtime.type = text("RuntimeReady");
    runtime.status = true;
    network.type = text("NetworkReady");
    network.status = !call->box->has_no_network;
    if (call->box->has_no_network) {
        network.reason = text("NetworkPluginNotReady");
        network.message = text("no network here");
    }
    all.conditions = conditions;
    all.n_conditions = ARRAY_LEN(conditions);
    answer.status = &all;
    say(call, &answer.base);
}

static void
image_status(struct box_call *call, ProtobufCMessage *message)
{
    const char *image = ((Cri__ImageStatusRequest *)message)->image->image;
    Cri__ImageStatusResponse answer = CRI__IMAGE_STATUS_RESPONSE__INIT;
    Cri__Image found = CRI__IMAGE__INIT;
    char *digests[] = { text("box/image@sha256:12") };

    found.id = text("sha256:12");
    found.size = 1000;
    found.repo_digests = digests;
    found.n_repo_digests = 1;
    if (call->box->has_image != NULL && strstr(image, call->box->has_image) != NULL) {
        answer.image = &found;
    }
    say(call, &answer.base);
}

static void
pull_image(struct box_call *call, ProtobufCMessage *message)
{
    const Cri__PullImageRequest *request = (Cri__PullImageRequest *)message;
    Cri__PullImageResponse answer = CRI__PULL_IMAGE_RESPONSE__INIT;

    str_putf(&call->box->log, "pull %s%s%s\n", request->image->image,
             request->auth != NULL ? " as " : "",
             request->auth != NULL ? request->auth->username : "");
    call->box->has_image = "";
    answer.image_ref = text("sha256:12");
    say(call, &answer.base);
}

/* ---- sandboxes ---- */

static void
run_sandbox(struct box_call *call, ProtobufCMessage *message)
{
    struct cri_box *box = call->box;
    struct cri_box_sandbox *made = &box->sandboxes[box->sandbox_len++];
    Cri__RunPodSandboxResponse answer = CRI__RUN_POD_SANDBOX_RESPONSE__INIT;

    assert_true(box->sandbox_len < CRI_BOX_MAX);
    made->made = (Cri__RunPodSandboxRequest *)message;
    call->is_kept = true;
    (void)snprintf(made->id, sizeof(made->id), "s%zu", box->sandbox_len);
    (void)snprintf(made->ip, sizeof(made->ip), "10.42.0.%zu", box->sandbox_len);
    made->is_ready = true;
    made->created_ns = now_ns();
    str_putf(&box->log, "sandbox %s %u\n", made->made->config->metadata->name,
             made->made->config->metadata->attempt);
    answer.pod_sandbox_id = made->id;
    tell(box, made->id);
    say(call, &answer.base);
}

static void
stop_sandbox(struct box_call *call, ProtobufCMessage *message)
{
    struct cri_box *box = call->box;
    struct cri_box_sandbox *of =
        sandbox_of(box, ((Cri__StopPodSandboxRequest *)message)->pod_sandbox_id);
    Cri__StopPodSandboxResponse answer = CRI__STOP_POD_SANDBOX_RESPONSE__INIT;

    if (of != NULL) {
        str_putf(&box->log, "stop-sandbox %s\n", of->made->config->metadata->name);
        of->is_ready = false;
        for (size_t i = 0; i < box->container_len; i++) {
            if (strcmp(box->containers[i].sandbox, of->id) == 0) {
                end(&box->containers[i], 137);
            }
        }
        tell(box, of->id);
    }
    say(call, &answer.base);
}

void
cri_box_forget(struct cri_box_container *container)
{
    if (container->made != NULL) {
        protobuf_c_message_free_unpacked(&container->made->base, NULL);
    }
    *container = (struct cri_box_container){ 0 };
}

static void
remove_sandbox(struct box_call *call, ProtobufCMessage *message)
{
    struct cri_box *box = call->box;
    struct cri_box_sandbox *of =
        sandbox_of(box, ((Cri__RemovePodSandboxRequest *)message)->pod_sandbox_id);
    Cri__RemovePodSandboxResponse answer = CRI__REMOVE_POD_SANDBOX_RESPONSE__INIT;

    if (of != NULL) {
        str_putf(&box->log, "remove-sandbox %s\n", of->made->config->metadata->name);
        for (size_t i = 0; i < box->container_len; i++) {
            if (strcmp(box->containers[i].sandbox, of->id) == 0) {
                cri_box_forget(&box->containers[i]);
            }
        }
        tell(box, of->id);
        protobuf_c_message_free_unpacked(&of->made->base, NULL);
        *of = (struct cri_box_sandbox){ 0 };
    }
    say(call, &answer.base);
}

static void
list_sandboxes(struct box_call *call, ProtobufCMessage *message)
{
    struct cri_box *box = call->box;
    const Cri__PodSandboxFilter *filter = ((Cri__ListPodSandboxRequest *)message)->filter;
    Cri__ListPodSandboxResponse answer = CRI__LIST_POD_SANDBOX_RESPONSE__INIT;
    Cri__PodSandbox items[CRI_BOX_MAX], *at[CRI_BOX_MAX];

    answer.items = at;
    for (size_t i = 0; i < box->sandbox_len; i++) {
        const struct cri_box_sandbox *of = &box->sandboxes[i];
        Cri__PodSandbox *item = &items[answer.n_items];

        if (of->id[0] == '\0' ||
            (filter != NULL && !has_labels(of->made->config->labels, of->made->config->n_labels,
                                           filter->label_selector, filter->n_label_selector))) {
            continue;
        }
        cri__pod_sandbox__init(item);
        item->id = text(of->id);
        item->metadata = of->made->config->metadata;
        item->state = of->is_ready ? CRI__POD_SANDBOX_STATE__SANDBOX_READY
                                   : CRI__POD_SANDBOX_STATE__SANDBOX_NOTREADY;
        item->created_at = of->created_ns;
        item->n_labels = of->made->config->n_labels;
        item->labels = (void *)of->made->config->labels;
        at[answer.n_items++] = item;
    }
    say(call, &answer.base);
}

static void
sandbox_status(struct box_call *call, ProtobufCMessage *message)
{
    const struct cri_box_sandbox *of =
        sandbox_of(call->box, ((Cri__PodSandboxStatusRequest *)message)->pod_sandbox_id);
    Cri__PodSandboxStatusResponse answer = CRI__POD_SANDBOX_STATUS_RESPONSE__INIT;
    Cri__PodSandboxStatus status = CRI__POD_SANDBOX_STATUS__INIT;
    Cri__PodSandboxNetworkStatus network = CRI__POD_SANDBOX_NETWORK_STATUS__INIT;

    if (of == NULL) {
        cri_box_refuse(call, GRPC_NOT_FOUND, "no such sandbox");
        return;
    }
    status.id = text(of->id);
    status.metadata = of->made->config->metadata;
    status.state = of->is_ready ? CRI__POD_SANDBOX_STATE__SANDBOX_READY
                                : CRI__POD_SANDBOX_STATE__SANDBOX_NOTREADY;
    status.created_at = of->created_ns;
    status.n_labels = of->made->config->n_labels;
    status.labels = (void *)of->made->config->labels;
    network.ip = text(of->is_ready ? of->ip : "");
    status.network = &network;
    answer.status = &status;
    say(call, &answer.base);
}

/* ---- containers ---- */

static void
create_container(struct box_call *call, ProtobufCMessage *message)
{
    struct cri_box *box = call->box;
    Cri__CreateContainerRequest *request = (Cri__CreateContainerRequest *)message;
    const Cri__ContainerMetadata *meta = request->config->metadata;
    struct cri_box_container *made = &box->containers[box->container_len++];
    Cri__CreateContainerResponse answer = CRI__CREATE_CONTAINER_RESPONSE__INIT;

    assert_true(box->container_len < CRI_BOX_MAX);
    made->made = request;
    call->is_kept = true;
    (void)snprintf(made->sandbox, sizeof(made->sandbox), "%s", request->pod_sandbox_id);
    (void)snprintf(made->id, sizeof(made->id), "c%zu", box->container_len);
    made->state = CRI__CONTAINER_STATE__CONTAINER_CREATED;
    made->created_ns = now_ns();
    str_putf(&box->log, "create %s %u\n", meta->name, meta->attempt);
    answer.container_id = made->id;
    tell(box, made->sandbox);
    say(call, &answer.base);
}

static void
start_container(struct box_call *call, ProtobufCMessage *message)
{
    struct cri_box_container *of =
        container_of_id(call->box, ((Cri__StartContainerRequest *)message)->container_id);
    Cri__StartContainerResponse answer = CRI__START_CONTAINER_RESPONSE__INIT;

    if (of == NULL || of->state != CRI__CONTAINER_STATE__CONTAINER_CREATED) {
        cri_box_refuse(call, GRPC_FAILED_PRECONDITION, "container is not in created state");
        return;
    }
    of->state = CRI__CONTAINER_STATE__CONTAINER_RUNNING;
    of->started_ns = now_ns();
    str_putf(&call->box->log, "start %s %u\n", name_of(of), of->made->config->metadata->attempt);
    tell(call->box, of->sandbox);
    say(call, &answer.base);
}

static void
stop_container(struct box_call *call, ProtobufCMessage *message)
{
    const Cri__StopContainerRequest *request = (Cri__StopContainerRequest *)message;
    struct cri_box_container *of = container_of_id(call->box, request->container_id);
    Cri__StopContainerResponse answer = CRI__STOP_CONTAINER_RESPONSE__INIT;

    if (of != NULL) {
        str_putf(&call->box->log, "stop %s %lld\n", name_of(of), (long long)request->timeout);
        end(of, call->box->stop_code);
        tell(call->box, of->sandbox);
    }
    say(call, &answer.base);
}

static void
remove_container(struct box_call *call, ProtobufCMessage *message)
{
    struct cri_box_container *of =
        container_of_id(call->box, ((Cri__RemoveContainerRequest *)message)->container_id);
    Cri__RemoveContainerResponse answer = CRI__REMOVE_CONTAINER_RESPONSE__INIT;

    if (of != NULL) {
        str_putf(&call->box->log, "remove %s %u\n", name_of(of),
                 of->made->config->metadata->attempt);
        tell(call->box, of->sandbox);
        cri_box_forget(of);
    }
    say(call, &answer.base);
}

static void
list_containers(struct box_call *call, ProtobufCMessage *message)
{
    struct cri_box *box = call->box;
    const Cri__ContainerFilter *filter = ((Cri__ListContainersRequest *)message)->filter;
    Cri__ListContainersResponse answer = CRI__LIST_CONTAINERS_RESPONSE__INIT;
    Cri__Container items[CRI_BOX_MAX], *at[CRI_BOX_MAX];

    answer.containers = at;
    for (size_t i = 0; i < box->container_len; i++) {
        struct cri_box_container *of = &box->containers[i];
        Cri__Container *item = &items[answer.n_containers];

        if (of->id[0] == '\0' ||
            (filter != NULL && !has_labels(of->made->config->labels, of->made->config->n_labels,
                                           filter->label_selector, filter->n_label_selector))) {
            continue;
        }
        cri__container__init(item);
        item->id = of->id;
        item->pod_sandbox_id = of->sandbox;
        item->metadata = of->made->config->metadata;
        item->state = of->state;
        item->created_at = of->created_ns;
        item->n_labels = of->made->config->n_labels;
        item->labels = (void *)of->made->config->labels;
        at[answer.n_containers++] = item;
    }
    say(call, &answer.base);
}

static void
container_status(struct box_call *call, ProtobufCMessage *message)
{
    struct cri_box_container *of =
        container_of_id(call->box, ((Cri__ContainerStatusRequest *)message)->container_id);
    Cri__ContainerStatusResponse answer = CRI__CONTAINER_STATUS_RESPONSE__INIT;
    Cri__ContainerStatus status = CRI__CONTAINER_STATUS__INIT;

    if (of == NULL) {
        cri_box_refuse(call, GRPC_NOT_FOUND, "no such container");
        return;
    }
    status.id = of->id;
    status.metadata = of->made->config->metadata;
    status.state = of->state;
    status.created_at = of->created_ns;
    status.started_at = of->started_ns;
    status.finished_at = of->finished_ns;
    status.exit_code = of->exit_code;
    if (of->state == CRI__CONTAINER_STATE__CONTAINER_EXITED) {
        status.reason = text(of->exit_code == 0 ? "Completed" : "Error");
    }
    status.image = of->made->config->image;
    status.image_ref = text("box/image@sha256:12");
    status.n_labels = of->made->config->n_labels;
    status.labels = (void *)of->made->config->labels;
    status.n_annotations = of->made->config->n_annotations;
    status.annotations = (void *)of->made->config->annotations;
    status.n_mounts = of->made->config->n_mounts;
    status.mounts = of->made->config->mounts;
    answer.status = &status;
    say(call, &answer.base);
}

static void
exec_sync(struct box_call *call, ProtobufCMessage *message)
{
    const Cri__ExecSyncRequest *request = (Cri__ExecSyncRequest *)message;
    struct cri_box_container *of = container_of_id(call->box, request->container_id);
    char *said = text(call->box->exec_text != NULL ? call->box->exec_text : "");
    Cri__ExecSyncResponse answer = CRI__EXEC_SYNC_RESPONSE__INIT;

    if (of == NULL || of->state != CRI__CONTAINER_STATE__CONTAINER_RUNNING) {
        cri_box_refuse(call, GRPC_UNKNOWN, "container is not running");
        return;
    }
    str_putf(&call->box->log, "exec %s %s\n", name_of(of),
             request->n_cmd > 0 ? request->cmd[0] : "");
    answer.exit_code = call->box->exec_code;
    answer.stdout = (ProtobufCBinaryData){ strlen(said), (uint8_t *)said };
    say(call, &answer.base);
}

/* ---- calls ---- */

const struct box_method cri_box_methods[] = {
    { "Version", &cri__version_request__descriptor, version },
    { "Status", &cri__status_request__descriptor, status },
    { "RunPodSandbox", &cri__run_pod_sandbox_request__descriptor, run_sandbox },
    { "StopPodSandbox", &cri__stop_pod_sandbox_request__descriptor, stop_sandbox },
    { "RemovePodSandbox", &cri__remove_pod_sandbox_request__descriptor, remove_sandbox },
    { "PodSandboxStatus", &cri__pod_sandbox_status_request__descriptor, sandbox_status },
    { "ListPodSandbox", &cri__list_pod_sandbox_request__descriptor, list_sandboxes },
    { "CreateContainer", &cri__create_container_request__descriptor, create_container },
    { "StartContainer", &cri__start_container_request__descriptor, start_container },
    { "StopContainer", &cri__stop_container_request__descriptor, stop_container },
    { "RemoveContainer", &cri__remove_container_request__descriptor, remove_container },
    { "ContainerStatus", &cri__container_status_request__descriptor, container_status },
    { "ListContainers", &cri__list_containers_request__descriptor, list_containers },
    { "GetContainerEvents", &cri__get_events_request__descriptor, get_events },
    { "ExecSync", &cri__exec_sync_request__descriptor, exec_sync },
    { "ImageStatus", &cri__image_status_request__descriptor, image_status },
    { "PullImage", &cri__pull_image_request__descriptor, pull_image },
};
const size_t cri_box_method_len = ARRAY_LEN(cri_box_methods);
