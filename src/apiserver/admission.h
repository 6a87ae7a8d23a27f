/* Admission: one table of plug-ins, mutating then validating; each may wait and be undone. */
#ifndef BINNACLE_APISERVER_ADMISSION_H
#define BINNACLE_APISERVER_ADMISSION_H

#include "apiserver/req.h"

struct admission_plugin {
    const char *name;      /* upstream's: NamespaceLifecycle, ServiceAccount, … */
    unsigned verbs;        /* CREATE UPDATE DELETE CONNECT (PATCH and APPLY count as those) */
    bool has_side_effects; /* then skipped work under dry-run is its own duty */
    /* May replace req->now (mutating ones; defaults are applied again afterwards). Called again
     * after a WAIT. */
    enum step_rc (*mutate)(struct req *req, struct err **err);
    enum step_rc (*validate)(struct req *req, struct err **err);
    enum step_rc (*undo)(struct req *req); /* for every round in which it was called; may WAIT */
};
extern const struct admission_plugin *const admission_plugins[]; /* admission.c: the order */
extern const size_t admission_plugins_len;

/* The operation that admission sees: CREATE, UPDATE, DELETE or CONNECT. */
enum verb admission_operation(const struct req *req);
/* The running plug-in's own data of this round and stage, NULL at first. */
void **admission_data(struct req *req);
/* Replaces req->now by an edit of it. */
struct edit;
int admission_edit(struct req *req, struct edit *edit, struct err **err);
/* The name that refusals use: the object's, else its generateName, else "Unknown". */
struct str admission_name(const struct req *req);
enum step_rc admission_mutate(struct req *req, struct err **err); /* the two steps */
enum step_rc admission_validate(struct req *req, struct err **err);
enum step_rc admission_undo(struct req *req); /* of either step */

/* For the plug-ins: is the request about this resource? sub "": the main one, NULL: any. */
bool admission_is(const struct req *req, const char *group, const char *plural, const char *sub);
/* 403 "pods "x" is forbidden: …"; STEP_FAIL. What was drawn from the cache asks req_fresh first. */
enum step_rc admission_refuse(struct req *req, struct err **err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends an item to a list that may not be there; pointer leads to the list. */
void admission_append(struct edit *edit, struct val list, const char *pointer, struct str json);
/* An object of the cache; row by group and plural, ns absent for cluster scope. */
struct object *admission_find(struct req *req, const char *group, const char *plural, struct str ns,
                              struct str name);

/* The plug-ins, each in adm_x.c. */
extern const struct admission_plugin adm_namespace, adm_sa, adm_node, adm_taint, adm_priority,
    adm_toleration, adm_runtimeclass, adm_cert_approval, adm_cert_signing, adm_cert_subject;

#endif
