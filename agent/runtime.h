/* What the container runtime says is there: one pod's sandboxes and containers.  Immutable once
 * made; everything lives in one arena.  Pure. */
#ifndef BINNACLE_AGENT_RUNTIME_H
#define BINNACLE_AGENT_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/pod_limits.h"
#include "base/doc.h"
#include "base/str.h"

struct arena;

/* Labels and annotations that a restarted agent rebuilds its state from. The first group is
 * kubelet's own, so that tools that read them go on working. */
#define RUNTIME_POD_NAME "io.kubernetes.pod.name"
#define RUNTIME_POD_NAMESPACE "io.kubernetes.pod.namespace"
#define RUNTIME_POD_UID "io.kubernetes.pod.uid"
#define RUNTIME_CONTAINER_NAME "io.kubernetes.container.name"
#define RUNTIME_HASH "io.kubernetes.container.hash"
#define RUNTIME_RESTARTS "io.kubernetes.container.restartCount"
#define RUNTIME_MESSAGE_PATH "io.kubernetes.container.terminationMessagePath"
#define RUNTIME_MESSAGE_POLICY "io.kubernetes.container.terminationMessagePolicy"
#define RUNTIME_POD_GRACE "io.kubernetes.pod.terminationGracePeriod"
#define RUNTIME_BACKOFF "io.binnacle.container.backoffMs"
#define RUNTIME_RESOURCES "io.binnacle.container.resources" /* it was made with, as in its spec */

enum runtime_state { RUNTIME_CREATED, RUNTIME_RUNNING, RUNTIME_EXITED, RUNTIME_UNKNOWN };

struct runtime_user {
    bool is_known;
    int64_t uid, gid;
    const int64_t *groups;
    size_t group_len;
};
struct runtime_container {
    struct str id, sandbox_id, name;
    struct str image, image_ref, image_id; /* as asked for; digest or id; id */
    struct str reason, message;            /* of an exited one */
    struct str hash;                       /* RUNTIME_HASH: of the spec that it was made from */
    struct str log_path;                   /* host path, absent when unknown */
    struct str message_path;               /* host path of the termination message file */
    bool message_from_log;                 /* policy FallbackToLogsOnError */
    uint32_t attempt;                      /* restart count */
    enum runtime_state state;
    int64_t created_ms, started_ms, finished_ms; /* wall, 0: not yet */
    int64_t backoff_ms; /* what the next restart has to wait for, 0: nothing yet */
    int32_t exit_code;
    struct runtime_user user;
    bool has_limits; /* the runtime says what they are now */
    struct pod_limits limits;
    struct str resources; /* RUNTIME_RESOURCES, absent on one of another agent */
};
struct runtime_sandbox {
    struct str id;
    uint32_t attempt;
    bool is_ready;
    bool is_host_network;
    int64_t created_ms;
    const struct str *ips;
    size_t ip_len;
};
struct runtime_pod {
    struct str uid, ns, name;
    struct runtime_sandbox *sandboxes; /* newest first */
    size_t sandbox_len;
    struct runtime_container *containers; /* newest first */
    size_t container_len;
};

/* A pod as it was at one moment, and the memory it is in. */
struct runtime_snapshot {
    struct arena *arena;
    struct runtime_pod pod;
    uint64_t generation; /* of the look that made it: see pleg_look */
};
void runtime_snapshot_free(struct runtime_snapshot *snapshot); /* NULL allowed */

/* Puts the newest first, as everything below expects it. */
void runtime_sort(struct runtime_pod *pod);
/* The sandbox that the pod lives in: the newest one, if it is the only ready one, has the network
 * that the spec wants and (on the pod network) an address. NULL: one must be made. */
const struct runtime_sandbox *runtime_sandbox_usable(const struct runtime_pod *pod,
                                                     bool is_host_network);
/* The n-th newest container of that name (0: the newest), in this sandbox or (absent) in any. */
const struct runtime_container *runtime_container(const struct runtime_pod *pod, struct str name,
                                                  struct str sandbox_id, size_t n);
/* Does anything of it still run, or might it? */
bool runtime_is_running(const struct runtime_container *container);

/* Did its start end only because whoever asked for it went away (an agent that was killed)? It never
 * ran: it does not count as a container that died. */
bool runtime_was_cancelled(const struct runtime_container *container);

/* Hash of what makes a container another one: its name and image (kubelet's HashContainer), 16
 * hex digits. */
enum { RUNTIME_HASH_SIZE = 17 };
struct str runtime_hash(struct val container, char text[RUNTIME_HASH_SIZE]);

#endif
