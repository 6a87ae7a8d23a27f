/* Rules of Secrets: ValidateSecret and ValidateSecretUpdate of release 1.35.
 *
 * Named by the row in kind_config.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kinds_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"

enum { SECRET_MAX_SIZE = 1024 * 1024 /* of data, not base64 */ };

static size_t
secret_size(struct str base64)
{
    size_t padding = str_has_suffix(base64, STR("=="))  ? 2
                     : str_has_suffix(base64, STR("=")) ? 1
                                                        : 0;
    return base64.size / 4 * 3 - padding;
}

/* The value of that key is a JSON object. */
static void
secret_check_json(struct val data, const char *key, struct causes *out)
{
    struct field_path path = check_at(NULL, "data"), at = check_key(&path, str_of(key));
    struct val v = val_member(data, str_of(key));
    struct str bytes = { 0 };
    AUTO_ERR struct err *err = NULL;
    if (!val_is(v)) {
        check_required(out, &at, NULL, NULL);
        return;
    }
    struct doc *doc = NULL;
    if (base64_decode(val_str(v), out->arena, &bytes, NULL) == 0) {
        doc = doc_parse(out->arena, bytes, &err);
    }
    struct val root = doc_root(doc);
    const char *wrong =
        err != NULL                    ? err->message
        : val_type(root) == DOC_STRING ? "json: cannot unmarshal string into Go value "
                                         "of type map[string]interface {}"
        : val_type(root) == DOC_NUMBER ? "json: cannot unmarshal number into Go value "
                                         "of type map[string]interface {}"
        : val_type(root) == DOC_ARRAY  ? "json: cannot unmarshal array into Go value "
                                         "of type map[string]interface {}"
        : val_type(root) == DOC_TRUE || val_type(root) == DOC_FALSE
            ? "json: cannot unmarshal bool into Go value of type "
              "map[string]interface {}"
            : NULL;
    if (wrong != NULL) {
        causes_add_text(out, CAUSE_INVALID, &at, "", STR("<secret contents redacted>"), "%s",
                        wrong);
    }
}

static void
secret_require(struct val data, const char *key, bool is_needed, struct causes *out)
{
    struct field_path path = check_at(NULL, "data"), at = check_key(&path, str_of(key));
    if (is_needed && !val_is(val_member(data, str_of(key)))) {
        check_required(out, &at, NULL, NULL);
    }
}

static void
secret_check_type(const struct check_in *in, struct causes *out)
{
    static const char account[] = "kubernetes.io/service-account.name";
    struct field_path meta = check_at(NULL, "metadata"), notes = check_at(&meta, "annotations");
    struct field_path path = check_at(NULL, "data");
    struct field_path account_at = check_key(&notes, str_of(account));
    struct field_path key_at = check_key(&path, STR("ssh-privatekey"));
    struct val type = val_get(in->now, "type"), data = val_get(in->now, "data");
    struct val name = val_member(val_at(in->now, "metadata.annotations"), str_of(account));
    if (val_is_str(type, "kubernetes.io/service-account-token")) {
        if (!check_has(name)) {
            check_required(out, &account_at, NULL, NULL);
        }
    } else if (val_is_str(type, "kubernetes.io/dockercfg")) {
        secret_check_json(data, ".dockercfg", out);
    } else if (val_is_str(type, "kubernetes.io/dockerconfigjson")) {
        secret_check_json(data, ".dockerconfigjson", out);
    } else if (val_is_str(type, "kubernetes.io/basic-auth")) {
        bool is_bare = !val_is(val_get(data, "username")) && !val_is(val_get(data, "password"));
        secret_require(data, "username", is_bare, out);
        secret_require(data, "password", is_bare, out);
    } else if (val_is_str(type, "kubernetes.io/ssh-auth")) {
        if (!check_has(val_member(data, STR("ssh-privatekey")))) {
            check_required(out, &key_at, NULL, NULL);
        }
    } else if (val_is_str(type, "kubernetes.io/tls")) {
        secret_require(data, "tls.crt", true, out);
        secret_require(data, "tls.key", true, out);
    }
}

/* ValidateSecret */
void
kind_secret_check(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "data");
    size_t size = 0;
    VAL_EACH (it, val_get(in->now, "data")) {
        struct field_path at = check_key(&path, it.key);
        struct problems found = { 0 };
        validate_config_key(it.key, &found);
        for (size_t i = 0; i < found.len; i++) {
            causes_add_text(out, CAUSE_INVALID, &at, "", it.key, "%s", found.at[i]);
        }
        size += secret_size(val_str(it.value));
    }
    if (size > SECRET_MAX_SIZE) {
        check_too_long(out, &path, NULL, SECRET_MAX_SIZE);
    }
    secret_check_type(in, out);
}

/* ValidateSecretUpdate */
void
kind_secret_check_update(struct check_in *in, struct causes *out)
{
    static const char detail[] = "field is immutable when `immutable` is set";
    check_immutable_text(out, NULL, "type", val_get(in->now, "type"), val_get(in->old, "type"));
    if (val_bool(val_get(in->old, "immutable"), false)) {
        if (!val_bool(val_get(in->now, "immutable"), false)) {
            check_forbidden(out, NULL, "immutable", detail);
        }
        if (!check_same(val_get(in->now, "data"), val_get(in->old, "data"))) {
            check_forbidden(out, NULL, "data", detail);
        }
    }
    kind_secret_check(in, out);
}
