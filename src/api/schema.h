/* Rows: one per API field, and the types, that everything else is made from.
 *
 * The tables (kind_*.c) are constants; a CustomResourceDefinition builds the same structs at run
 * time. One walker (decode.h, validate.h, patch.h, fieldset.h, openapi.h use it) reads them. */
#ifndef BINNACLE_API_SCHEMA_H
#define BINNACLE_API_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct causes;
struct check_in;
struct fill;
struct type;

enum field_type {
    FIELD_STRING,
    FIELD_BOOL,
    FIELD_INT32,
    FIELD_INT64,
    FIELD_DOUBLE,
    FIELD_BYTES,     /* base64 text in JSON */
    FIELD_QUANTITY,  /* resource.Quantity: "500m", canonical form */
    FIELD_TIME,      /* metav1.Time, seconds */
    FIELD_MICROTIME, /* metav1.MicroTime, six decimals */
    FIELD_DURATION,  /* metav1.Duration: Go duration text */
    FIELD_INT_OR_STRING,
    FIELD_RAW,       /* runtime.RawExtension: any object, kept as it is */
    FIELD_FIELDS_V1, /* managedFields' fieldsV1 */
    FIELD_ANY,       /* any JSON (apiextensions JSON) */
    FIELD_STRINGS,   /* a list of strings in a message of its own (ExtraValue) */
    FIELD_OBJECT,    /* of → struct type */
    /* The unions of apiextensions' JSONSchemaProps; of → JSONSchemaProps. */
    FIELD_SCHEMA_OR_BOOL,
    FIELD_SCHEMA_OR_LIST,
    FIELD_SCHEMA_OR_STRINGS,
};
enum field_card {
    CARD_VAL, /* always there in Go */
    CARD_PTR, /* may be nil */
    CARD_LIST,
    CARD_MAP, /* string keys */
};
enum field_patch {
    PATCH_NONE,
    PATCH_MERGE,
    PATCH_REPLACE,
    PATCH_RETAIN_KEYS,
    PATCH_MERGE_RETAIN_KEYS
};
enum field_list {
    LIST_ATOMIC, /* lists without a listType, too: one owner for the whole */
    LIST_SET,
    LIST_MAP, /* by list_keys */
};
enum field_flags {
    FIELD_OMITEMPTY = 1 << 0, /* Go drops the zero value of it */
    FIELD_REQUIRED = 1 << 1,  /* validation: must be there and not empty */
    FIELD_INLINE = 1 << 2,    /* embedded struct: its members stand in the parent */
    FIELD_IMMUTABLE = 1 << 3, /* validation: "field is immutable" on update */
    FIELD_OMITZERO = 1 << 4,  /* also drops an all-zero struct (Go 1.24 omitzero, zero times) */
    FIELD_SENSITIVE = 1 << 5, /* never in logs or audit */
    FIELD_ATOMIC = 1 << 6,    /* maps and objects: +mapType, +structType=atomic (lists: see list) */
    FIELD_MILLI = 1 << 7,     /* quantities: rounded up to thousandths (ResourceList) */
    FIELD_OFF = 1 << 8,       /* of a feature that is off in this release: taken and dropped */
};

/* A constraint on one value; NULL or 0 members are not checked. */
struct check {
    const char *const *enums; /* NULL-terminated: FieldValueNotSupported otherwise */
    int64_t min, max;         /* numbers, both 0: any. Text as upstream's for that bound */
    bool is_bound;            /* min 0 counts */
    uint32_t max_len;         /* bytes or items */
    /* Anything else: adds causes for value v at in->path. */
    void (*value)(const struct check_in *in, struct val v, struct causes *out);
};

struct field {
    const char *json;
    uint8_t type;          /* enum field_type */
    uint8_t card;          /* enum field_card */
    uint8_t patch;         /* enum field_patch */
    uint8_t list;          /* enum field_list */
    uint16_t number;       /* protobuf field number, 0: not in protobuf */
    uint32_t flags;        /* enum field_flags */
    const struct type *of; /* FIELD_OBJECT (items of lists and maps, too) */
    const char *def;       /* default as JSON, NULL: none */
    const char *merge_key; /* strategic merge */
    const char *list_keys; /* LIST_MAP: comma list, e.g. "containerPort,protocol" */
    const char *doc;       /* for explain; NULL: see schema_docs.def */
    const char *go;        /* Go's name of a named scalar, list or map type ("v1.PullPolicy"), for
                              messages; NULL: follows from type and card */
    const struct check *check;
};

/* One row as it is looked up: rows of inlined structs stand in their parent's list. */
struct type_slot {
    const struct field *field;
    struct str name;          /* field->json */
    const struct type *owner; /* the inlined struct that has the row, or the type itself */
    const char *via;          /* Go names of the embedded structs, "VolumeSource.", or "" */
};
/* Looked-up forms of a type, derived from its rows on first use and then constant. */
struct type_index {
    const struct type_slot *slots; /* Go's order: the canonical order */
    const uint16_t *buckets;       /* hash → slot + 1 */
    uint16_t len, mask, probe;
    bool is_defaulted; /* a default or fill stands here or below */
    bool is_checked;   /* likewise a check */
    bool has_type_meta;
};
struct type_cell {
    _Atomic(struct type_index *) index;
};

struct type {
    const char *name;           /* "core/v1.PodSpec": group's first word / version . Go name */
    const struct field *fields; /* Go's order: that is the canonical order */
    uint16_t field_len;
    bool atomic;   /* +structType=atomic: one owner for the whole */
    bool preserve; /* unknown members are kept (CRDs) */
    void (*fill)(struct fill *fill);
    void (*check)(struct check_in *in, struct causes *out);
    struct type_cell *cell; /* where its index is kept; each type has its own */
};
const struct type_index *type_index(const struct type *type); /* never NULL */
void type_forget(const struct type *type); /* frees the index of a type made at run time */
/* The slot of a member, or NULL. hint: the slot to try first (members mostly come in order). */
const struct type_slot *type_slot(const struct type_index *index, struct str json, size_t hint);

/* ---- defaults that depend on other fields: type->fill ---- */

/* Runs after the rows' own `def` and before the members of the object are defaulted, as Go's
 * SetDefaults_X of the parent runs before its children's. */
struct fill {
    struct arena *arena;
    const struct type *type;
    const struct fill *up; /* the object that this one stands in, NULL at the root */
    struct val root;       /* the whole document, as it came */
    struct val *slots;     /* inside the walker: the members, in the order of the type's index */
    bool is_changed;
};
struct val fill_get(const struct fill *fill, const char *json); /* as it is by now */
bool fill_has(const struct fill *fill, const char *json);       /* there, and not Go's zero value */
void fill_set(struct fill *fill, const char *json, struct str value); /* JSON bytes, copied */
void fill_drop(struct fill *fill, const char *json);
void fill_setz(struct fill *fill, const char *json, const char *value);

/* ---- checks ---- */

/* Where a value stands; printed only when something is wrong. */
struct field_path {
    const struct field_path *up; /* NULL at the root */
    const char *name;            /* member, or NULL */
    struct str key;              /* map key or list-map key, when name is NULL and index < 0 */
    int64_t index;               /* list index, else -1 */
};
/* "spec.ports[0].name" */
struct str field_path_text(const struct field_path *path, struct arena *arena);

struct check_in {
    struct arena *arena;
    const struct type *type;
    const struct field_path *path; /* of the object (type->check) or value (check->value) */
    struct val now;                /* the object, canonical and defaulted */
    struct val old;                /* the same place before the update; absent on create */
    struct val root, old_root;
    const struct resource *resource;
    const char *subresource; /* NULL for the main resource */
};

/* field.Error kinds; the text prefix and the cause reason follow apimachinery's field/errors.go. */
enum cause_kind {
    CAUSE_REQUIRED,  /* FieldValueRequired      "Required value[: detail]" */
    CAUSE_INVALID,   /* FieldValueInvalid       "Invalid value: <json>: detail" */
    CAUSE_DUPLICATE, /* FieldValueDuplicate     "Duplicate value: <json>" */
    CAUSE_NOT_FOUND, /* FieldValueNotFound      "Not found: <json>" */
    CAUSE_NOT_SUPPORTED, /* FieldValueNotSupported  "Unsupported value: <json>: supported values: …" */
    CAUSE_FORBIDDEN, /* FieldValueForbidden     "Forbidden: detail" */
    CAUSE_TOO_LONG,  /* FieldValueTooLong       "Too long: may not be more than N bytes" */
    CAUSE_TOO_MANY,  /* FieldValueTooMany       "Too many: N: must have at most M items" */
    CAUSE_TYPE,      /* FieldValueTypeInvalid   "Invalid value: …" */
    CAUSE_INTERNAL,  /* InternalError */
};
struct cause {
    enum cause_kind kind;
    struct str path, value, detail; /* value as JSON, absent for kinds without one */
};
struct causes {
    struct arena *arena;
    struct cause *at;
    size_t len, capacity; /* at most 1,000 are kept */
};
/* path: of the object; dotted: a member path below it ("metadata.name", "" for itself). */
void causes_add(struct causes *causes, enum cause_kind kind, const struct field_path *path,
                const char *dotted, struct val value, const char *detail, ...)
    __attribute__((format(printf, 6, 7)));
/* Same with a text, or JSON bytes, that do not stand in a document. */
void causes_add_text(struct causes *causes, enum cause_kind kind, const struct field_path *path,
                     const char *dotted, struct str text, const char *detail, ...)
    __attribute__((format(printf, 6, 7)));
void causes_add_json(struct causes *causes, enum cause_kind kind, const struct field_path *path,
                     const char *dotted, struct str json, const char *detail, ...)
    __attribute__((format(printf, 6, 7)));
/* CAUSE_NOT_SUPPORTED with the supported values. */
void causes_add_enum(struct causes *causes, const struct field_path *path, const char *dotted,
                     struct val value, const char *const *supported);
/* "path: body", several as "[path: body, …]": field.ErrorList's text. */
struct str causes_text(const struct causes *causes);
struct err;
/* 422 of the field errors, with upstream's message and one Status cause each. Returns -1; 0 when
 * there is none. */
int causes_err(const struct causes *causes, const struct resource *resource, struct str name,
               struct err **err);

/* ---- finding rows ---- */

/* The row of a member, inlined structs included; NULL when there is none. */
const struct field *type_field(const struct type *type, struct str json);
/* Follows a dotted path of member names (lists and maps by their items' type). */
const struct field *type_path(const struct type *type, const char *dotted);

#endif
