/* Cluster addresses and node ports of Services: the steps that take and give them.  Loop thread. */
#ifndef BINNACLE_APISERVER_ADM_SERVICE_H
#define BINNACLE_APISERVER_ADM_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/req.h"
#include "base/ip.h"

struct adm_service_ports;
struct ident;
struct sink;

/* What one round of a write of a Service took; in the arena of its request. */
struct adm_service {
    struct req *req;
    /* addresses */
    struct object *made;   /* referenced: the IPAddress that this round created */
    struct str address;    /* that is asked for, or just being created */
    bool is_requested;     /* by the client; else it is a choice of ours */
    uint32_t start, tried; /* choices: where the walk began, how many were looked at */
    bool is_waiting, is_undoing;
    struct err *error; /* of the child */
    /* ports */
    struct adm_service_held *held;
    size_t next_dry; /* dry-run: ports that stand for one */
};

/* "allocate": after "prepare", as the name must be known; undone like everything in the bracket. */
enum step_rc adm_service_take(struct req *req, struct err **err);
enum step_rc adm_service_undo(struct req *req);
/* "release", behind the answer: addresses that the written or deleted Service no longer has. */
enum step_rc adm_service_release(struct req *req, struct err **err);

/* ---- adm_service_ips.c ---- */

/* Addresses of a block that may be given: its first and last, and the end of the band that is left
 * to those who ask for one. */
struct adm_service_range {
    struct ip_net net;
    uint32_t first, last, dynamic; /* host order */
};
/* The configured block, then those of ServiceCIDR objects that are ready. → how many (≤ max). */
size_t adm_service_ranges(struct req *req, struct adm_service_range *ret, size_t max);
/* The next free address by the cache, beginning at a random place of the dynamic band; false: none. */
bool adm_service_choose(struct adm_service *a, struct str *ret_address);
/* Is it one that may be given? */
bool adm_service_is_in_range(struct req *req, struct str address);

/* ---- adm_service_ports.c ---- */

enum { ADM_SERVICE_PORT_FIRST = 30000, ADM_SERVICE_PORT_LAST = 32767 };
/* Which node ports are used (by Services in the cache) or held (by requests on their way). */
struct adm_service_ports *adm_service_ports_new(struct sink *sink, const struct resource *services);
void adm_service_ports_free(struct adm_service_ports *ports); /* NULL allowed */
/* Sets req->now's nodePort and healthCheckNodePort where they are due. */
int adm_service_ports_settle(struct adm_service *a, struct err **err);
/* Gives back what the request holds: what was committed is used by then. */
void adm_service_ports_drop(struct adm_service *a);

#endif
