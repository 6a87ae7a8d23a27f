/* A container runtime in memory: sandboxes, containers and images, answered over gRPC on a Unix socket.
 * Tests steer what fails, what takes its time and what ends. Loop thread. */
#ifndef BINNACLE_TESTS_LIB_CRI_BOX_H
#define BINNACLE_TESTS_LIB_CRI_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/cri.pb-c.h"
#include "base/str.h"
#include "net/grpc.h"

struct box_call;
struct loop;

enum { CRI_BOX_MAX = 64 };

struct cri_box_sandbox {
    char id[16]; /* "s1", "s2" …; empty: removed */
    Cri__RunPodSandboxRequest *made;
    bool is_ready;
    int64_t created_ns;
    char ip[24]; /* 10.42.0.N */
};
struct cri_box_container {
    char id[16]; /* "c1", "c2" …; empty: removed */
    char sandbox[16];
    Cri__CreateContainerRequest *made;
    Cri__ContainerState state;
    int64_t created_ns, started_ns, finished_ns;
    int32_t exit_code;
};

struct cri_box {
    struct loop *loop;
    struct server *server;
    char dir[64];
    char *address; /* for cri_new */
    struct str_builder
        log; /* what changes something, a line each: "start app 0", "stop app 30" … */
    struct cri_box_sandbox sandboxes[CRI_BOX_MAX];
    struct cri_box_container containers[CRI_BOX_MAX];
    size_t sandbox_len, container_len; /* ever made */
    /* What it is asked to do. */
    const char *fail_method, *fail_message; /* the next call of it */
    enum grpc_code fail_code;
    const char *hold_method; /* its calls wait for cri_box_release */
    const char *has_image;   /* present without a pull; NULL: none */
    bool has_no_network;
    bool has_events;   /* GetContainerEvents is known */
    int32_t exec_code; /* of ExecSync */
    const char *exec_text;
    int32_t stop_code; /* exit code of what is stopped */
    struct box_call *held, *events;
    int calls; /* that run */
    bool is_closed;
};

void cri_box_open(struct cri_box *box, struct loop *loop);
void cri_box_close(struct cri_box *box);
void cri_box_fail(struct cri_box *box, const char *method, enum grpc_code code,
                  const char *message);
void cri_box_release(struct cri_box *box); /* answers what was held, holds no more */
/* The newest container of that name, NULL when there is none. */
struct cri_box_container *cri_box_container(struct cri_box *box, const char *name);
void cri_box_exit(struct cri_box *box, const char *name, int32_t code); /* it ends by itself */
int cri_box_count(const struct cri_box *box, const char *line); /* lines of the log that are so */

#endif
