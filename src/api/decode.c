/* Bytes of any media type to canonical documents.
 *
 * Called by the API server's decode step, by clients for answers and by tests; pure, any thread.
 * YAML and protobuf become JSON text first, so that one walk (decode_walk.c) knows the rows. */
#include "config.h"

#include "api/decode.h"

#include <stdarg.h>
#include <string.h>

#include "api/decode_priv.h"
#include "api/kinds_types.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/doc_yaml.h"
#include "base/err.h"

enum { DECODE_FINDINGS_MAX = 100, DECODE_SUMMARY_SIZE = 30 };

/* What a body says it is, after the defaults of the place it was sent to. */
struct decode_named {
    struct str api_version, kind;
    struct str yaml_duplicates; /* what YAML's reader has to tell of them */
};

static int decode_to_json(const struct decode_in *in, const struct type *type,
                          struct decode_named *ret_named, struct doc **ret, struct err **err);
static int decode_name(struct val root, struct decode_named *ret, struct err **err);
static int decode_check_named(const struct decode_in *in, const struct resource *resource,
                              struct decode_named named, struct err **err);
static int decode_unrecognized(const struct decode_in *in, const char *kind, struct err **err);
static int decode_walked(const struct decode_in *in, struct decode_walk *walk,
                         const struct type *type, const struct doc *doc, struct err **err);
static int decode_report(const struct decode_in *in, struct decode_walk *walk, struct err **err);

int
decode_object(const struct decode_in *in, const struct resource *resource, struct doc **ret,
              struct err **err)
{
    struct decode_named named = { 0 };
    struct doc *doc = NULL;
    if (decode_to_json(in, resource->type, &named, &doc, err) < 0) {
        return decode_unrecognized(in, resource->kind, err);
    }
    if (decode_check_named(in, resource, named, err) < 0) {
        return -1;
    }
    AUTO_FREE char *api_version = str_dup(resource_api_version(resource, in->arena));
    struct jw out;
    jw_init(&out, in->arena);
    struct decode_walk walk = {
        .arena = in->arena,
        .out = &out,
        .kind = resource->kind,
        .api_version = api_version,
        .yaml_duplicates = named.yaml_duplicates,
    };
    if (decode_walked(in, &walk, resource->type, doc, err) < 0) {
        struct err *cause = STEAL(*err);
        (void)err_set(err, cause->code, "%s in version \"%s\" cannot be handled as a %s: %s",
                      resource->kind, resource->version, resource->kind, cause->message);
        err_free(cause);
        return -1;
    }
    *ret = doc_trust(in->arena, jw_done(&out));
    return 0;
}

int
decode_type(const struct decode_in *in, const struct type *type, const char *group_version,
            const char *kind, struct doc **ret, struct err **err)
{
    struct decode_named named = { 0 };
    struct doc *doc = NULL;
    if (decode_to_json(in, type, &named, &doc, err) < 0) {
        return -1;
    }
    bool fits = (named.kind.size == 0 || kind == NULL || str_is(named.kind, kind)) &&
                (named.api_version.size == 0 || group_version == NULL ||
                 str_is(named.api_version, group_version));
    if (!fits) {
        return err_set(err, ERR_BAD_REQUEST,
                       "no kind \"" STR_FMT "\" is registered for version \"" STR_FMT "\"",
                       STR_ARG(named.kind), STR_ARG(named.api_version));
    }
    struct jw out;
    jw_init(&out, in->arena);
    AUTO_FREE char *own_kind = str_dup(named.kind);
    AUTO_FREE char *own_version = str_dup(named.api_version);
    struct decode_walk walk = {
        .arena = in->arena,
        .out = &out,
        .yaml_duplicates = named.yaml_duplicates,
    };
    if (kind != NULL || in->media == MEDIA_PROTOBUF) {
        walk.kind = kind != NULL ? kind : own_kind;
        walk.api_version = group_version != NULL ? group_version : own_version;
    }
    if (decode_walked(in, &walk, type, doc, err) < 0) {
        return -1;
    }
    *ret = doc_trust(in->arena, jw_done(&out));
    return 0;
}

int
decode_peek(const struct decode_in *in, struct str *ret_api_version, struct str *ret_kind,
            struct err **err)
{
    struct decode_named named = { 0 };
    struct doc *doc = NULL;
    if (decode_to_json(in, NULL, &named, &doc, err) < 0) {
        return -1;
    }
    *ret_api_version = named.api_version;
    *ret_kind = named.kind;
    return 0;
}

int
decode_value(const struct decode_in *in, const struct type *type, struct val v, struct jw *out,
             struct err **err)
{
    struct decode_walk walk = {
        .arena = in->arena,
        .out = out,
        .is_strict = in->mode != DECODE_IGNORE,
    };
    decode_walk_struct(&walk, type, v, NULL);
    return decode_report(in, &walk, err);
}

enum media
decode_media(struct str content_type)
{
    static const struct {
        const char *name;
        enum media media;
    } names[] = {
        { "", MEDIA_JSON },
        { "application/json", MEDIA_JSON },
        { "application/yaml", MEDIA_YAML },
        { "application/vnd.kubernetes.protobuf", MEDIA_PROTOBUF },
    };
    struct str rest;
    struct str name = str_trim(str_cut(content_type, ';', &rest));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_eq_nocase(name, str_of(names[i].name))) {
            return names[i].media;
        }
    }
    return MEDIA_UNKNOWN;
}

void
findings_add(struct findings *findings, const char *format, ...)
{
    if (findings->len == DECODE_FINDINGS_MAX) {
        return;
    }
    if (findings->len == findings->capacity) {
        size_t capacity = findings->capacity == 0 ? 8 : findings->capacity * 2;
        findings->at =
            arena_grow(findings->arena, findings->at, findings->capacity * sizeof(*findings->at),
                       capacity * sizeof(*findings->at));
        findings->capacity = capacity;
    }
    AUTO_STR struct str_builder text = { 0 };
    va_list args;
    va_start(args, format);
    str_vputf(&text, format, args);
    va_end(args);
    findings->at[findings->len++] = arena_dup(findings->arena, str_view(&text));
}

/* ---- the body ---- */

/* A parsed JSON form of the body; type NULL: only its names are wanted. */
static int
decode_to_json(const struct decode_in *in, const struct type *type, struct decode_named *ret_named,
               struct doc **ret, struct err **err)
{
    struct str json = in->bytes;
    if (in->media == MEDIA_PROTOBUF) {
        struct decode_envelope envelope;
        if (decode_unwrap(in->bytes, &envelope, err) < 0) {
            return -1;
        }
        *ret_named = (struct decode_named){
            .api_version = envelope.api_version,
            .kind = envelope.kind,
        };
        if (type == NULL) {
            return 0;
        }
        if (decode_protobuf(in->arena, type, envelope.raw, &json, err) < 0) {
            return -1;
        }
        *ret = doc_parse(in->arena, json, err);
        return *ret == NULL ? -1 : 0;
    }
    if (in->media == MEDIA_YAML && doc_yaml_to_json_strict(in->arena, in->bytes, &json,
                                                           &ret_named->yaml_duplicates, err) < 0) {
        return -1;
    }
    *ret = doc_parse(in->arena, json, err);
    if (*ret == NULL) {
        struct err *cause = STEAL(*err);
        (void)err_set(err, cause->code, "couldn't get version/kind; json parse error: %s",
                      cause->message);
        err_free(cause);
        return -1;
    }
    return decode_name(doc_root(*ret), ret_named, err);
}

static int
decode_name(struct val root, struct decode_named *ret, struct err **err)
{
    static const struct {
        const char *json;
        size_t at;
    } members[] = {
        { "apiVersion", offsetof(struct decode_named, api_version) },
        { "kind", offsetof(struct decode_named, kind) },
    };
    static const char *const words[] = {
        [DOC_ABSENT] = "null",   [DOC_NULL] = "null",     [DOC_FALSE] = "bool",
        [DOC_TRUE] = "bool",     [DOC_NUMBER] = "number", [DOC_STRING] = "string",
        [DOC_OBJECT] = "object", [DOC_ARRAY] = "array",
    };
    enum doc_type is = val_type(root);
    if (is != DOC_OBJECT && is != DOC_NULL) {
        return err_set(err, ERR_BAD_REQUEST,
                       "couldn't get version/kind; json parse error: json: cannot unmarshal %s "
                       "into Go value of type struct { APIVersion string "
                       "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
                       "\"json:\\\"kind,omitempty\\\"\" }",
                       words[is]);
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct val v = val_get(root, members[i].json);
        is = val_type(v);
        if (is != DOC_STRING && is != DOC_NULL && is != DOC_ABSENT) {
            return err_set(err, ERR_BAD_REQUEST,
                           "couldn't get version/kind; json parse error: json: cannot unmarshal "
                           "%s into Go struct field .%s of type string",
                           words[is], members[i].json);
        }
        *(struct str *)(void *)((char *)ret + members[i].at) = val_str(v);
    }
    return 0;
}

/* Is this what the resource takes? Else the error that apimachinery's codec would give. */
static int
decode_check_named(const struct decode_in *in, const struct resource *resource,
                   struct decode_named named, struct err **err)
{
    struct str wanted = resource_api_version(resource, in->arena);
    struct str kind = named.kind.size == 0 ? str_of(resource->kind) : named.kind;
    struct str version = named.api_version.size == 0 ? wanted : named.api_version;
    if (str_is(kind, resource->kind) && str_eq(version, wanted)) {
        return 0;
    }
    struct str short_version = { 0 };
    struct str group = str_cut(version, '/', &short_version);
    if (short_version.at == NULL) {
        short_version = version;
        group = STR("");
    }
    if (str_contains(short_version, STR("/"))) {
        (void)err_set(err, ERR_BAD_REQUEST, "unexpected GroupVersion string: " STR_FMT,
                      STR_ARG(version));
        return decode_unrecognized(in, resource->kind, err);
    }
    AUTO_STR struct str_builder why = { 0 };
    bool is_known = false;
    for (size_t i = 0; i < kinds_builtin_len + kinds_unserved_len && !is_known; i++) {
        const struct resource *r =
            i < kinds_builtin_len ? kinds_builtin[i] : kinds_unserved[i - kinds_builtin_len];
        is_known =
            str_is(kind, r->kind) && str_is(group, r->group) && str_is(short_version, r->version);
    }
    if (is_known && str_is(kind, resource->kind)) {
        return err_set(err, ERR_BAD_REQUEST,
                       "the API version in the data (" STR_FMT ") does not match the expected API "
                       "version (" STR_FMT ")",
                       STR_ARG(version), STR_ARG(wanted));
    }
    if (is_known) {
        /* The internal package is named by the group's first word. */
        const char *own = resource->group[0] == '\0' ? "core" : resource->group;
        str_putf(&why, "converting (" STR_FMT "." STR_FMT ") to (%.*s.%s): unknown conversion",
                 STR_ARG(short_version), STR_ARG(kind), (int)strcspn(own, "."), own,
                 resource->kind);
    } else {
        str_putf(&why,
                 "no kind \"" STR_FMT "\" is registered for version \"" STR_FMT
                 "\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
                 STR_ARG(kind), STR_ARG(version));
    }
    return err_set(err, ERR_BAD_REQUEST,
                   STR_FMT " in version \"" STR_FMT "\" cannot be handled as a %s: " STR_FMT,
                   STR_ARG(kind), STR_ARG(short_version), resource->kind, STR_ARG(str_view(&why)));
}

/* The error of a body that could not even be named: with its first bytes. */
static int
decode_unrecognized(const struct decode_in *in, const char *kind, struct err **err)
{
    struct err *cause = STEAL(*err);
    if (cause->code != ERR_BAD_REQUEST) {
        *err = cause;
        return -1;
    }
    AUTO_STR struct str_builder summary = { 0 };
    size_t size = in->bytes.size < DECODE_SUMMARY_SIZE ? in->bytes.size : DECODE_SUMMARY_SIZE;
    if (size == 0) {
        str_putz(&summary, "<empty>");
    } else if (in->bytes.at[0] == '{') {
        str_put(&summary, str_slice(in->bytes.at, size));
    } else {
        for (size_t i = 0; i < size; i++) {
            str_putf(&summary, "%02x", (unsigned char)in->bytes.at[i]);
        }
    }
    str_putz(&summary, in->bytes.size > size ? " ..." : "");
    (void)err_set(err, ERR_BAD_REQUEST,
                  "the object provided is unrecognized (must be of type %s): %s (" STR_FMT ")",
                  kind, cause->message, STR_ARG(str_view(&summary)));
    err_free(cause);
    return -1;
}

/* ---- the walk ---- */

static int
decode_walked(const struct decode_in *in, struct decode_walk *walk, const struct type *type,
              const struct doc *doc, struct err **err)
{
    walk->is_strict = in->mode != DECODE_IGNORE && in->media != MEDIA_PROTOBUF;
    walk->is_yaml = in->media == MEDIA_YAML;
    walk->keeps_empty = in->keeps_empty;
    walk->is_unstructured = in->is_unstructured;
    if (walk->is_yaml && walk->is_strict && walk->yaml_duplicates.size > 0) {
        decode_add_finding(walk, 0, walk->yaml_duplicates);
    }
    decode_walk_struct(walk, type, doc_root(doc), NULL);
    return decode_report(in, walk, err);
}

static int
decode_report(const struct decode_in *in, struct decode_walk *walk, struct err **err)
{
    if (walk->fault.size > 0) {
        return err_set(err, ERR_BAD_REQUEST, STR_FMT, STR_ARG(walk->fault));
    }
    decode_sort_findings(walk);
    size_t len = walk->finding_len < DECODE_FINDINGS_MAX ? walk->finding_len : DECODE_FINDINGS_MAX;
    if (in->mode == DECODE_WARN && in->findings != NULL) {
        for (size_t i = 0; i < len; i++) {
            findings_add(in->findings, STR_FMT, STR_ARG(walk->findings[i].text));
        }
    } else if (in->mode == DECODE_STRICT && len > 0) {
        AUTO_STR struct str_builder list = { 0 };
        for (size_t i = 0; i < len; i++) {
            str_putf(&list, "%s" STR_FMT, i == 0 ? "" : ", ", STR_ARG(walk->findings[i].text));
        }
        return err_set(err, ERR_BAD_REQUEST, "strict decoding error: " STR_FMT,
                       STR_ARG(str_view(&list)));
    }
    return 0;
}
