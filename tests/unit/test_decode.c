/* Decoding: canonical form, Go's errors, strict findings, YAML and protobuf, and all of upstream's
 * fixtures. */
#include "config.h"

#include "tests/lib/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/decode.h"
#include "api/kinds_types.h"
#include "base/arena.h"
#include "base/err.h"

static const struct resource *
decode_resource(const char *group, const char *version, const char *kind)
{
    for (size_t i = 0; i < kinds_builtin_len + kinds_unserved_len; i++) {
        const struct resource *r =
            i < kinds_builtin_len ? kinds_builtin[i] : kinds_unserved[i - kinds_builtin_len];
        if (strcmp(r->group, group) == 0 && strcmp(r->version, version) == 0 &&
            strcmp(r->kind, kind) == 0) {
            return r;
        }
    }
    return NULL;
}

/* The canonical bytes, or the error's message after "error: ". */
static const char *
decode_text(struct arena *arena, const char *kind, enum media media, enum decode_mode mode,
            const char *text, struct findings *findings)
{
    struct decode_in in = {
        .arena = arena,
        .media = media,
        .mode = mode,
        .bytes = str_of(text),
        .findings = findings,
    };
    struct doc *doc = NULL;
    AUTO_ERR struct err *err = NULL;
    const char *group = strcmp(kind, "Deployment") == 0 ? "apps" : "";
    if (decode_object(&in, decode_resource(group, "v1", kind), &doc, &err) < 0) {
        return arena_printf(arena, "error: %s", err->message).at;
    }
    return arena_dupz(arena, doc_bytes(doc));
}

static void
test_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *in, *out;
    } cases[] = {
        { "ConfigMap", "{\"data\":{\"b\":\"1\",\"a\":\"<\"},\"metadata\":{\"name\":\"x\"}}",
          "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\"},"
          "\"data\":{\"a\":\"\\u003c\",\"b\":\"1\"}}" },
        { "ConfigMap", "{}", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{}}" },
        { "ConfigMap", "{\"immutable\":false,\"data\":{},\"binaryData\":null,\"metadata\":null}",
          "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{},\"immutable\":false}" },
        { "ConfigMap", "{\"data\":{\"a\":\"1\",\"a\":\"2\"}}",
          "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{},\"data\":{\"a\":\"2\"}}" },
        { "Secret", "{\"data\":{\"a\":\"QU\\nJD\"},\"type\":\"\"}",
          "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{},\"data\":{\"a\":\"QUJD\"}}" },
        { "Pod",
          "{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":0.5,\"memory\":\"1024Mi\"}}"
          ",\"name\":\"c\"}]},\"metadata\":{\"creationTimestamp\":\"2024-01-02T03:04:05.9+01:00\"}}",
          "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"creationTimestamp\":"
          "\"2024-01-02T02:04:05Z\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":"
          "{\"limits\":{\"cpu\":\"500m\",\"memory\":\"1Gi\"}}}]},\"status\":{}}" },
        { "Pod", "{}",
          "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{},\"spec\":{\"containers\":null},"
          "\"status\":{}}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        assert_string_equal(
            decode_text(arena, cases[i].kind, MEDIA_JSON, DECODE_STRICT, cases[i].in, NULL)[0] ==
                    'e'
                ? decode_text(arena, cases[i].kind, MEDIA_JSON, DECODE_IGNORE, cases[i].in, NULL)
                : decode_text(arena, cases[i].kind, MEDIA_JSON, DECODE_STRICT, cases[i].in, NULL),
            cases[i].out);
    }
}

static void
test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *in, *message;
    } cases[] = {
        { "ConfigMap", "{\"data\":{\"a\":1}}",
          "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal "
          "number into Go struct field ConfigMap.data of type string" },
        { "ConfigMap", "{\"data\":[]}",
          "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal "
          "array into Go struct field ConfigMap.data of type map[string]string" },
        { "ConfigMap", "{\"metadata\":{\"uid\":5}}",
          "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal "
          "number into Go struct field ObjectMeta.metadata.uid of type types.UID" },
        { "Deployment", "{\"spec\":{\"replicas\":\"3\"}}",
          "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal "
          "string into Go struct field DeploymentSpec.spec.replicas of type int32" },
        { "Deployment", "{\"spec\":{\"replicas\":1.5}}",
          "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal "
          "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32" },
        { "Pod", "{\"spec\":{\"containers\":[{\"env\":[{\"value\":true}]}]}}",
          "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal bool into Go "
          "struct field EnvVar.spec.containers.env.value of type string" },
        { "Pod", "{\"spec\":{\"volumes\":[{\"emptyDir\":1}]}}",
          "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal number into Go "
          "struct field Volume.spec.volumes.VolumeSource.emptyDir of type "
          "v1.EmptyDirVolumeSource" },
        { "Pod", "{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":\"x\"}}}]}}",
          "Pod in version \"v1\" cannot be handled as a Pod: quantities must match the regular "
          "expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'" },
        { "Pod", "{\"metadata\":{\"creationTimestamp\":\"yesterday\"}}",
          "Pod in version \"v1\" cannot be handled as a Pod: parsing time \"yesterday\" as "
          "\"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"" },
        { "Pod", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\"}",
          "ConfigMap in version \"v1\" cannot be handled as a Pod: converting (v1.ConfigMap) to "
          "(core.Pod): unknown conversion" },
        { "Pod", "{\"kind\":\"Pod\",\"apiVersion\":\"v2\"}",
          "Pod in version \"v2\" cannot be handled as a Pod: no kind \"Pod\" is registered for "
          "version \"v2\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"" },
        { "ConfigMap", "{\"a\":",
          "the object provided is unrecognized (must be of type ConfigMap): couldn't get "
          "version/kind; json parse error: unexpected end of JSON input ({\"a\":)" },
        { "ConfigMap", "",
          "the object provided is unrecognized (must be of type ConfigMap): couldn't get "
          "version/kind; json parse error: unexpected end of JSON input (<empty>)" },
        { "Secret", "{\"data\":{\"a\":\"!\"}}",
          "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input "
          "byte 0" },
        /* A fatal error beats one that stands before it. */
        { "Pod", "{\"metadata\":{\"name\":1,\"creationTimestamp\":1}}",
          "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal number into Go "
          "struct field ObjectMeta.metadata.creationTimestamp of type string" },
        /* The first in the document, not in row order. */
        { "Pod", "{\"metadata\":{\"namespace\":1,\"name\":2}}",
          "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal number into Go "
          "struct field ObjectMeta.metadata.namespace of type string" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        const char *got =
            decode_text(arena, cases[i].kind, MEDIA_JSON, DECODE_STRICT, cases[i].in, NULL);
        assert_string_equal(got, arena_printf(arena, "error: %s", cases[i].message).at);
    }
}

static void
test_strict(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    static const char body[] = "{\"spec\":{\"y\":1,\"containers\":[{\"name\":\"a\",\"foo\":1},"
                               "{\"name\":\"b\",\"name\":\"c\"}],\"x\":{\"z\":1}},\"y\":2,\"y\":3,"
                               "\"metadata\":{\"labels\":{\"k\":\"1\",\"k\":\"2\"}}}";
    assert_string_equal(
        decode_text(arena, "Pod", MEDIA_JSON, DECODE_STRICT, body, NULL),
        "error: Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown "
        "field \"spec.y\", unknown field \"spec.containers[0].foo\", duplicate field "
        "\"spec.containers[1].name\", unknown field \"spec.x\", unknown field \"y\", duplicate "
        "field \"metadata.labels.k\"");
    struct findings findings = { .arena = arena };
    (void)decode_text(arena, "Pod", MEDIA_JSON, DECODE_WARN, body, &findings);
    assert_int_equal(findings.len, 6);
    assert_true(str_is(findings.at[0], "unknown field \"spec.y\""));
    findings = (struct findings){ .arena = arena };
    (void)decode_text(arena, "Pod", MEDIA_JSON, DECODE_IGNORE, body, &findings);
    assert_int_equal(findings.len, 0);
}

/* ---- upstream's fixtures: one object in three encodings ---- */

static struct str
read_fixture(struct arena *arena, const char *directory, const char *name)
{
    AUTO_FREE char *path = mem_printf("%s/%s", directory, name);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    assert_true(fd >= 0 && fstat(fd, &about) == 0);
    char *at = arena_alloc(arena, (size_t)about.st_size + 1);
    assert_int_equal(read(fd, at, (size_t)about.st_size), about.st_size);
    return str_slice(at, (size_t)about.st_size);
}

static struct str
decode_fixture(struct arena *arena, const struct resource *r, const char *kind, enum media media,
               struct str bytes)
{
    struct decode_in in = { .arena = arena, .media = media, .mode = DECODE_STRICT, .bytes = bytes };
    struct doc *doc = NULL;
    struct err *err = NULL;
    if (decode_object(&in, r, &doc, &err) < 0) {
        fail_msg("%s: %s", kind, err->message);
    }
    return doc_bytes(doc);
}

/* Without the white space between tokens. */
static const char *
compact(struct arena *arena, struct str json)
{
    char *out = arena_alloc(arena, json.size + 1);
    size_t size = 0;
    bool in_text = false;
    for (size_t i = 0; i < json.size; i++) {
        char c = json.at[i];
        if (c == '"' && (!in_text || json.at[i - 1] != '\\')) {
            in_text = !in_text;
        }
        if (in_text || strchr(" \n", c) == NULL) {
            out[size++] = c;
        }
    }
    return out;
}

static void
check_fixture(const char *directory, const char *stem, size_t *checked)
{
    AUTO_ARENA struct arena *arena = arena_new();
    /* "apps.v1.Deployment", "rbac.authorization.k8s.io.v1.Role" */
    AUTO_FREE char *group = mem_strdup(stem);
    char *kind = strrchr(group, '.');
    *kind++ = '\0';
    char *version = strrchr(group, '.');
    *version++ = '\0';
    const struct resource *r =
        decode_resource(strcmp(group, "core") == 0 ? "" : group, version, kind);
    if (r == NULL) {
        return;
    }
    struct str json = read_fixture(arena, directory, arena_printf(arena, "%s.json", stem).at);
    struct str yaml = read_fixture(arena, directory, arena_printf(arena, "%s.yaml", stem).at);
    struct str pb = read_fixture(arena, directory, arena_printf(arena, "%s.pb", stem).at);
    struct str from_json = decode_fixture(arena, r, stem, MEDIA_JSON, json);
    struct str from_yaml = decode_fixture(arena, r, stem, MEDIA_YAML, yaml);
    struct str from_pb = decode_fixture(arena, r, stem, MEDIA_PROTOBUF, pb);
    assert_string_equal(arena_dupz(arena, from_json), arena_dupz(arena, from_yaml));
    assert_string_equal(arena_dupz(arena, from_json), arena_dupz(arena, from_pb));
    /* The fixture is what Go wrote, only indented: the canonical form is the same text. */
    assert_string_equal(arena_dupz(arena, from_json), compact(arena, json));
    /* And canonical bytes are a fixed point. */
    struct str again = decode_fixture(arena, r, stem, MEDIA_JSON, from_json);
    assert_string_equal(arena_dupz(arena, from_json), arena_dupz(arena, again));
    struct str written = { 0 };
    struct err *err = NULL;
    struct val root = doc_root(doc_trust(arena, from_json));
    assert_int_equal(decode_to_protobuf(arena, r->type, root, &written, &err), 0);
    assert_int_equal(written.size, pb.size);
    assert_memory_equal(written.at, pb.at, pb.size);
    (*checked)++;
}

/* Types that no resource has. */
static void
test_types(void **state)
{
    (void)state;
    static const struct {
        const char *stem;
        const struct type *type;
    } rows[] = {
        { "authentication.k8s.io.v1.TokenRequest", &type_authn_token_request },
        { "autoscaling.v1.Scale", &type_autoscaling_scale },
        { "core.v1.CreateOptions", &type_meta_create_options },
        { "core.v1.DeleteOptions", &type_meta_delete_options },
        { "core.v1.PatchOptions", &type_meta_patch_options },
        { "core.v1.UpdateOptions", &type_meta_update_options },
        { "policy.v1.Eviction", &type_policy_eviction },
    };
    static const struct {
        const char *suffix;
        enum media media;
    } forms[] = { { "json", MEDIA_JSON }, { "yaml", MEDIA_YAML }, { "pb", MEDIA_PROTOBUF } };
    const char *top = getenv("top_srcdir");
    AUTO_FREE char *directory = mem_printf("%s/tests/api/fixtures", top == NULL ? "." : top);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct str json = { 0 }, written = { 0 };
        struct err *err = NULL;
        for (size_t k = 0; k < ARRAY_LEN(forms); k++) {
            struct str name = arena_printf(arena, "%s.%s", rows[i].stem, forms[k].suffix);
            struct str bytes = read_fixture(arena, directory, name.at);
            struct decode_in in = {
                .arena = arena, .media = forms[k].media, .mode = DECODE_STRICT, .bytes = bytes
            };
            struct doc *doc = NULL;
            if (decode_type(&in, rows[i].type, NULL, NULL, &doc, &err) < 0) {
                fail_msg("%s: %s", name.at, err->message);
            }
            if (k == 0) {
                json = doc_bytes(doc);
                assert_string_equal(arena_dupz(arena, json), compact(arena, bytes));
            } else {
                assert_string_equal(arena_dupz(arena, json), arena_dupz(arena, doc_bytes(doc)));
            }
            if (forms[k].media == MEDIA_PROTOBUF) {
                assert_int_equal(
                    decode_to_protobuf(arena, rows[i].type, doc_root(doc), &written, &err), 0);
                assert_int_equal(written.size, bytes.size);
                assert_memory_equal(written.at, bytes.at, bytes.size);
            }
        }
    }
}

static void
test_fixtures(void **state)
{
    (void)state;
    const char *top = getenv("top_srcdir");
    AUTO_FREE char *directory = mem_printf("%s/tests/api/fixtures", top == NULL ? "." : top);
    DIR *dir = opendir(directory);
    assert_non_null(dir);
    size_t checked = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t size = strlen(entry->d_name);
        if (size > 5 && strcmp(entry->d_name + size - 5, ".json") == 0) {
            AUTO_FREE char *stem = mem_strndup(entry->d_name, size - 5);
            check_fixture(directory, stem, &checked);
        }
    }
    (void)closedir(dir);
    assert_true(checked >= 60);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_strict),    cmocka_unit_test(test_fixtures),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
