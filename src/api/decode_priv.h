/* Inside of decode: the walk over rows and what the decode_*.c files share. */
#ifndef BINNACLE_API_DECODE_PRIV_H
#define BINNACLE_API_DECODE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/decode.h"
#include "api/schema.h"
#include "base/doc.h"

/* Where the walk stands; frames live on the stack and become text only for a message. */
struct decode_at {
    const struct decode_at *up;
    const struct type *type;      /* with slot: the struct that the member belongs to */
    const struct type_slot *slot; /* a member, or NULL: */
    struct str key;               /* a map's key, when index < 0 */
    int64_t index;                /* a list's index */
};

/* A finding of strict decoding, in the order of the document. */
struct decode_finding {
    uint32_t node; /* where it stands in the tape */
    struct str text;
};

struct decode_walk {
    struct arena *arena;
    struct jw *out;
    bool is_strict;
    struct str yaml_duplicates; /* YAML's reader tells them: see doc_yaml_to_json_strict */
    bool is_yaml;
    bool keeps_empty, is_unstructured; /* see decode_in */
    /* Operands of the structs that are being written: the node of each slot, 0 when absent. */
    uint32_t *nodes;
    size_t node_len, node_capacity;
    struct decode_finding *findings;
    size_t finding_len, finding_capacity;
    /* The error that Go would give: the first fatal one, else the first of all. */
    struct str fault;
    uint32_t fault_node;
    bool is_fatal;
    /* kind and apiVersion of the root, in place of what stands there; NULL: as it stands. */
    const char *kind, *api_version;
};

/* Writes v as a `type`; up: where v stands, NULL at the root. */
void decode_walk_struct(struct decode_walk *walk, const struct type *type, struct val v,
                        const struct decode_at *up);
/* One scalar of the field's type; v is there and not null. */
void decode_scalar(struct decode_walk *walk, const struct field *field, struct val v,
                   const struct decode_at *at);
/* What Go writes for the zero value of such a field. */
void decode_scalar_zero(struct decode_walk *walk, const struct field *field);
/* Any JSON as it is, without white space. */
void decode_verbatim(struct decode_walk *walk, struct val v);

/* `json: cannot unmarshal X into Go struct field T.path of type go`; v is the culprit. Fatal where
 * the Go type decodes itself. */
void decode_mismatch(struct decode_walk *walk, struct val v, const struct decode_at *at,
                     const char *go, bool is_fatal);
void decode_fault(struct decode_walk *walk, struct val v, bool is_fatal, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* what: "unknown" or "duplicate" */
void decode_find(struct decode_walk *walk, struct val v, const struct decode_at *at,
                 const char *what, struct str name);
void decode_add_finding(struct decode_walk *walk, uint32_t node, struct str text);
struct str decode_go_type(const struct decode_walk *walk, const struct field *field);
void decode_sort_findings(struct decode_walk *walk);

/* Protobuf to JSON text (rows in order, nothing canonical yet). */
int decode_protobuf(struct arena *arena, const struct type *type, struct str message,
                    struct str *ret_json, struct err **err);
/* The parts of the k8s\0 envelope. */
struct decode_envelope {
    struct str api_version, kind, raw;
};
int decode_unwrap(struct str bytes, struct decode_envelope *ret, struct err **err);

#endif
