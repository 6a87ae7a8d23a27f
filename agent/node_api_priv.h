/* Between the files of node_api. */
#ifndef BINNACLE_AGENT_NODE_API_PRIV_H
#define BINNACLE_AGENT_NODE_API_PRIV_H

#include "agent/node_api.h"
#include "net/http.h"

struct images_upload;
struct object;
struct runtime_pod;

struct node_api {
    struct node_api_spec spec;
    struct server *server;
    struct tls_ctx *tls;
};
enum { NODE_API_WORDS = 8 };
struct node_api_request {
    struct node_api *api;
    struct http_request *http;
    struct str words[NODE_API_WORDS]; /* of the path, decoded: "exec", namespace, pod … */
    size_t word_len;
    void (*closed)(struct node_api_request *request); /* the peer went away first; may be NULL */
    void *state;
    struct images_upload *upload; /* of an archive, until it is answered */
};

void node_api_answer(struct node_api_request *request, int status, struct str text);
void node_api_answer_json(struct node_api_request *request, struct str json);
/* The pod that the words name; answers 404 and returns false when there is none. */
bool node_api_pod(struct node_api_request *request, struct object **ret_object,
                  const struct runtime_pod **ret_seen);

void node_api_logs(struct node_api_request *request);
void node_api_exec(struct node_api_request *request);
void node_api_attach(struct node_api_request *request);
void node_api_port_forward(struct node_api_request *request);
void node_api_tunnel(struct node_api_request *request);

#endif
