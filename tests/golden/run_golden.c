/* Golden cases of plans: an input, and the text of the plan that is made of it.  TAP.
 *
 *     run_golden [--update] [FOLDER | FOLDER/CASE ...]     (below tests/golden; none: all)
 *
 * FOLDER/CASE.yaml is a stream of YAML documents. The first one says what is asked:
 *     key: a/web                      of the plan
 *     now: "2026-01-01T00:00:00Z"     optional
 *     random: 7                       optional
 *     env: {clusterDomain, podCIDR, serviceCIDR, nodeName, advertise}
 *     last: [{group, verb, resource: pods, group: "", namespace, name, reason, message}]
 * The others are the cached objects: any kind, decoded strictly and defaulted as the server does;
 * uid and resourceVersion are made when absent. FOLDER/CASE.out is plan_text; --update writes it. */
#include "config.h" /* IWYU pragma: keep */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/decode.h"
#include "api/object.h"
#include "api/registry.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "client/cache.h"
#include "client/client_reply.h"
#include "client/reconcile.h"
#include "tests/golden/golden_plans.h"

enum { NAMES_MAX = 2000 };

struct golden {
    const char *root; /* tests/golden */
    bool do_update;
    struct registry *registry;
    int run, failed;
};
/* One case, read. */
struct input {
    struct golden *golden;
    struct arena *arena;
    struct cache *cache;
    struct plan_in in;
    struct reconcile_env env;
    bool has_head;
    uint64_t next_rev;
    VEC(struct err *) errs; /* of last */
};

/* ---- reading ---- */

static int
read_file(const char *path, struct str_builder *out, struct err **err)
{
    char bytes[4096];
    size_t size;
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return err_set(err, ERR_IO, "open %s", path);
    }
    while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        str_put(out, str_slice(bytes, size));
    }
    (void)fclose(file);
    return 0;
}

static int
read_time(struct val v, int64_t *ret_ms, struct err **err)
{
    int64_t wall_us = 0;

    if (val_is(v) && clock_parse(val_str(v), &wall_us) < 0) {
        return err_set(err, ERR_INVALID, "now: '" STR_FMT "' is no time", STR_ARG(val_str(v)));
    }
    *ret_ms = val_is(v) ? wall_us / 1000 : 1767225600000; /* 2026-01-01T00:00:00Z */
    return 0;
}

static int
read_verb(struct str name, enum plan_verb *ret, struct err **err)
{
    for (enum plan_verb verb = PLAN_CREATE; verb <= PLAN_SUB; verb++) {
        if (str_is(name, plan_verb_name(verb))) {
            *ret = verb;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID, "last: verb '" STR_FMT "'", STR_ARG(name));
}

static int
read_result(struct input *input, struct val v, struct plan_result *ret, struct err **err)
{
    struct str group = val_str(val_get(v, "apiGroup"));
    struct str reason = val_str(val_get(v, "reason"));

    ret->group = (int)val_int(val_get(v, "group"), 0);
    ret->ns = val_str(val_get(v, "namespace"));
    ret->name = val_str(val_get(v, "name"));
    ret->resource =
        registry_any_version(input->golden->registry, group.at == NULL ? STR("") : group,
                             val_str(val_get(v, "resource")));
    if (ret->resource == NULL) {
        return err_set(err, ERR_INVALID, "last: no such resource");
    }
    if (reason.size > 0) {
        struct err *was = NULL;
        struct str message = val_str(val_get(v, "message"));
        const char *text = arena_dupz(input->arena, reason);
        (void)err_set(&was, err_code_of(text, 0), STR_FMT, STR_ARG(message));
        VEC_ADD(input->errs, was);
        ret->err = was;
    }
    return read_verb(val_str(val_get(v, "verb")), &ret->verb, err);
}

static int
read_last(struct input *input, struct val last, struct err **err)
{
    struct plan_result *results = arena_array(input->arena, val_len(last), sizeof(*results));

    VAL_EACH (it, last) {
        if (read_result(input, it.value, &results[input->in.last_len++], err) < 0) {
            return -1;
        }
    }
    input->in.last = results;
    return 0;
}

static void
read_env(struct input *input, struct val env)
{
    const struct {
        const char *key, **to, *or_else;
    } rows[] = {
        { "clusterDomain", &input->env.cluster_domain, "cluster.local" },
        { "podCIDR", &input->env.pod_cidr, "10.42.0.0/16" },
        { "serviceCIDR", &input->env.service_cidr, "10.43.0.0/16" },
        { "nodeName", &input->env.node_name, NULL },
        { "advertise", &input->env.advertise, "192.0.2.1" },
        { "caPEM", &input->env.ca_pem, "-----BEGIN CERTIFICATE-----\n" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct val v = val_get(env, rows[i].key);
        *rows[i].to = val_is(v) ? arena_dupz(input->arena, val_str(v)) : rows[i].or_else;
    }
}

static int
read_head(struct input *input, struct val head, struct err **err)
{
    static const char *const known[] = { "key", "now", "random", "env", "last" };
    struct str rest;
    struct str first;

    VAL_EACH (it, head) {
        size_t i = 0;
        while (i < ARRAY_LEN(known) && !str_is(it.key, known[i])) {
            i++;
        }
        if (i == ARRAY_LEN(known)) {
            return err_set(err, ERR_INVALID, "unknown word '" STR_FMT "'", STR_ARG(it.key));
        }
    }
    input->has_head = true;
    input->in.key = val_str(val_get(head, "key"));
    if (input->in.key.size == 0) {
        return err_set(err, ERR_INVALID, "the first document has no key");
    }
    first = str_cut(input->in.key, '/', &rest);
    input->in.ns = rest.at == NULL ? (struct str){ 0 } : first;
    input->in.name = rest.at == NULL ? input->in.key : rest;
    input->in.random = (uint64_t)val_int(val_get(head, "random"), 1);
    read_env(input, val_get(head, "env"));
    if (read_time(val_get(head, "now"), &input->in.now_ms, err) < 0) {
        return -1;
    }
    return read_last(input, val_get(head, "last"), err);
}

static const struct resource *
find_kind(struct input *input, struct val v)
{
    struct str api_version = val_str(val_get(v, "apiVersion"));
    struct str version;
    struct str group = str_cut(api_version, '/', &version);

    if (version.at == NULL) {
        version = api_version;
        group = STR("");
    }
    return registry_kind(input->golden->registry, group, version, val_str(val_get(v, "kind")));
}

/* With the uid and revision that an object of the store would have. */
static int
complete(struct input *input, const struct doc *doc, struct doc **ret, struct err **err)
{
    struct val metadata = val_get(doc_root(doc), "metadata");
    struct str kind = val_str(val_get(doc_root(doc), "kind"));
    struct edit edit;

    edit_init(&edit, input->arena);
    if (!val_is(val_get(metadata, "uid"))) {
        edit_set_str(&edit, "/metadata/uid",
                     arena_printf(input->arena, STR_FMT "-" STR_FMT, STR_ARG(kind),
                                  STR_ARG(val_str(val_get(metadata, "name")))));
    }
    if (!val_is(val_get(metadata, "resourceVersion"))) {
        edit_set_str(&edit, "/metadata/resourceVersion",
                     arena_printf(input->arena, "%llu", (unsigned long long)input->next_rev++));
    }
    return edit_apply(doc, &edit, ret, err);
}

static int
read_object(struct input *input, const struct doc *doc, struct err **err)
{
    const struct resource *resource = find_kind(input, doc_root(doc));
    struct decode_in in = { .arena = input->arena, .media = MEDIA_JSON, .mode = DECODE_STRICT };
    struct findings findings = { .arena = input->arena };
    AUTO_OBJECT struct object *object = NULL;
    const struct doc *full = NULL;
    struct doc *made = NULL;

    if (resource == NULL) {
        return err_set(err, ERR_INVALID, "no such kind: " STR_FMT " " STR_FMT,
                       STR_ARG(val_str(val_get(doc_root(doc), "apiVersion"))),
                       STR_ARG(val_str(val_get(doc_root(doc), "kind"))));
    }
    in.findings = &findings;
    if (complete(input, doc, &made, err) < 0) {
        return -1;
    }
    in.bytes = doc_bytes(made);
    if (decode_object(&in, resource, &made, err) < 0 ||
        validate_default(input->arena, resource->type, made, &full, err) < 0 ||
        client_reply_object(resource, doc_root(full), &object, err) < 0) {
        return -1;
    }
    object_unref(cache_put(input->cache, object));
    return 0;
}

static int
read_document(void *ctx, struct str json, struct err **err)
{
    struct input *input = ctx;
    struct doc *doc = doc_parse(input->arena, json, err);

    if (doc == NULL) {
        return -1;
    }
    return input->has_head ? read_object(input, doc, err) : read_head(input, doc_root(doc), err);
}

static void
input_done(struct input *input)
{
    for (size_t i = 0; i < input->errs.len; i++) {
        err_free(input->errs.at[i]);
    }
    VEC_DONE(input->errs);
    cache_free(input->cache);
    arena_free(input->arena);
}

/* ---- running ---- */

/* Plans twice: a pure function says the same again. */
static int
run_plan(struct input *input, const struct golden_plan *row, struct str_builder *text,
         struct err **err)
{
    AUTO_STR struct str_builder again = { 0 };
    struct str_builder *outs[] = { text, &again };

    input->env.part = row->open == NULL ? NULL : row->open(input->golden->registry, input->cache);
    for (size_t i = 0; i < ARRAY_LEN(outs); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct plan plan;
        input->in.arena = arena;
        input->in.cache = input->cache;
        input->in.env = &input->env;
        plan_init(&plan, arena);
        row->reconciler->plan(&input->in, &plan);
        plan_text(&plan, outs[i]);
        plan_done(&plan);
    }
    if (row->close != NULL) {
        row->close((void *)(uintptr_t)input->env.part);
    }
    if (!str_eq(str_view(text), str_view(&again))) {
        return err_set(err, ERR_INTERNAL, "the plan is not pure; the second time it is\n" STR_FMT,
                       STR_ARG(str_view(&again)));
    }
    return 0;
}

static int
make_text(struct golden *golden, const struct golden_plan *row, const char *path,
          struct str_builder *text, struct err **err)
{
    AUTO_STR struct str_builder yaml = { 0 };
    struct input input = {
        .golden = golden, .arena = arena_new(), .cache = cache_new(), .next_rev = 100
    };
    int rc = read_file(path, &yaml, err);

    if (rc == 0) {
        rc = doc_yaml_each(input.arena, str_view(&yaml), read_document, &input, err);
    }
    if (rc == 0 && !input.has_head) {
        rc = err_set(err, ERR_INVALID, "an empty case");
    }
    if (rc == 0) {
        cache_set_rev(input.cache, input.next_rev);
        rc = run_plan(&input, row, text, err);
    }
    input_done(&input);
    return rc;
}

static void
show(const char *title, struct str text)
{
    struct str rest = text;

    (void)printf("# %s\n", title);
    while (rest.size > 0) {
        struct str line = str_cut(rest, '\n', &rest);
        (void)printf("#   " STR_FMT "\n", STR_ARG(line));
    }
}

static void
write_file(const char *path, struct str text)
{
    FILE *file = fopen(path, "we");

    if (file == NULL || fwrite(text.at, 1, text.size, file) != text.size) {
        (void)printf("Bail out! cannot write %s\n", path);
        exit(1);
    }
    (void)fclose(file);
}

static void
run_case(struct golden *golden, const struct golden_plan *row, const char *name)
{
    AUTO_FREE char *in = mem_printf("%s/%s/%s.yaml", golden->root, row->folder, name);
    AUTO_FREE char *out = mem_printf("%s/%s/%s.out", golden->root, row->folder, name);
    AUTO_STR struct str_builder text = { 0 };
    AUTO_STR struct str_builder wanted = { 0 };
    AUTO_ERR struct err *err = NULL;
    AUTO_ERR struct err *none = NULL;
    bool is_same = false;

    golden->run++;
    if (make_text(golden, row, in, &text, &err) == 0) {
        if (golden->do_update) {
            write_file(out, str_view(&text));
        }
        (void)read_file(out, &wanted, &none); /* none yet: then it differs */
        is_same = str_eq(str_view(&text), str_view(&wanted));
    }
    (void)printf("%s %d - %s/%s\n", is_same ? "ok" : "not ok", golden->run, row->folder, name);
    if (err != NULL) {
        show("cannot run", str_of(err->message));
    } else if (!is_same) {
        show("wanted", str_view(&wanted));
        show("got", str_view(&text));
    }
    golden->failed += is_same ? 0 : 1;
}

/* ---- which cases ---- */

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
is_asked(const char *folder, const char *name, char **asked, int len)
{
    AUTO_FREE char *full = mem_printf("%s/%s", folder, name);

    for (int i = 0; i < len; i++) {
        if (strcmp(asked[i], folder) == 0 || strcmp(asked[i], full) == 0) {
            return true;
        }
    }
    return len == 0;
}

static void
run_folder(struct golden *golden, const struct golden_plan *row, char **asked, int len)
{
    AUTO_FREE char *path = mem_printf("%s/%s", golden->root, row->folder);
    char *names[NAMES_MAX];
    size_t name_len = 0;
    DIR *dir = opendir(path);

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct str name = str_of(entry->d_name);
        if (str_has_suffix(name, STR(".yaml")) && name_len < NAMES_MAX) {
            names[name_len++] = mem_strndup(name.at, name.size - 5);
        }
    }
    if (dir == NULL || closedir(dir) != 0 || name_len == 0) {
        (void)printf("Bail out! no cases in %s\n", path);
        exit(1);
    }
    qsort(names, name_len, sizeof(names[0]), by_name);
    for (size_t i = 0; i < name_len; i++) {
        if (is_asked(row->folder, names[i], asked, len)) {
            run_case(golden, row, names[i]);
        }
        mem_free(names[i]);
    }
}

int
main(int argc, char **argv)
{
    const char *top = getenv("top_srcdir");
    AUTO_FREE char *root = mem_printf("%s/tests/golden", top == NULL ? "." : top);
    struct golden golden = { .root = root };
    int first = 1;

    if (argc > 1 && strcmp(argv[1], "--update") == 0) {
        golden.do_update = true;
        first = 2;
    }
    golden.registry = registry_new(kinds_builtin, kinds_builtin_len);
    for (const struct golden_plan *row = golden_plans; row->folder != NULL; row++) {
        run_folder(&golden, row, argv + first, argc - first);
    }
    registry_unref(golden.registry);
    (void)printf("1..%d\n", golden.run);
    return golden.run == 0 || golden.failed > 0 ? 1 : 0;
}
