/* What is created and never stored: one table, and the step "virtual" that answers in place of the
 * commit. Decoding, defaults, managedFields and admission run as for everything else.
 *
 * Called by the write steps, route and discovery. Loop thread. */
#include "config.h"

#include "apiserver/rest_virtual.h"

#include <string.h>

#include "api/decode.h"
#include "apiserver/steps.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"

#define AUTHENTICATION "authentication.k8s.io"
#define AUTHORIZATION "authorization.k8s.io"

static const struct rest_virtual rows[] = {
    { AUTHENTICATION, "tokenreviews", NULL, NULL, rest_review_check_token, rest_review_token },
    { AUTHENTICATION, "selfsubjectreviews", NULL, NULL, NULL, rest_review_self },
    { AUTHORIZATION, "subjectaccessreviews", NULL, NULL, rest_review_check_access,
      rest_review_access },
    { AUTHORIZATION, "selfsubjectaccessreviews", NULL, NULL, rest_review_check_access,
      rest_review_access },
    { AUTHORIZATION, "localsubjectaccessreviews", NULL, NULL, rest_review_check_access,
      rest_review_access },
    { AUTHORIZATION, "selfsubjectrulesreviews", NULL, NULL, rest_review_check_rules,
      rest_review_rules },
    { "", "serviceaccounts", "token", &rest_token_row, rest_token_check, rest_token_answer },
};

const struct rest_virtual *
rest_virtual_find(const struct resource *resource, const struct subresource *sub)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool is_sub = sub == NULL ? rows[i].sub == NULL
                                  : rows[i].sub != NULL && strcmp(rows[i].sub, sub->name) == 0;
        if (is_sub && strcmp(rows[i].plural, resource->plural) == 0 &&
            strcmp(rows[i].group, resource->group) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const struct rest_virtual *
rest_virtual_of(const struct req *req)
{
    return rest_virtual_find(req->resource, req->sub);
}

const struct resource *
rest_virtual_row(const struct req *req)
{
    const struct rest_virtual *row = rest_virtual_of(req);
    return row == NULL || row->row == NULL ? req->resource : row->row;
}

static void
answer(struct req *req, const struct doc *doc)
{
    if (req->accept == ANSWER_YAML) {
        AUTO_STR struct str_builder text = { 0 };
        doc_yaml_write(&text, doc_root(doc));
        req_answer_body(req, 201, "application/yaml", body_of_copy(str_view(&text)));
    } else {
        req_answer_json(req, 201, doc_bytes(doc));
    }
}

enum step_rc
rest_virtual_step(struct req *req, struct err **err)
{
    const struct rest_virtual *row = rest_virtual_of(req);
    struct decode_in in = { .arena = req->arena, .media = MEDIA_JSON, .mode = DECODE_IGNORE };
    struct doc *doc = NULL;
    if (row == NULL) {
        return STEP_NEXT;
    }
    enum step_rc rc = row->answer(req, &in.bytes, err);
    if (rc != STEP_NEXT) {
        return rc;
    }
    if (decode_object(&in, rest_virtual_row(req), &doc, err) < 0) {
        return STEP_FAIL;
    }
    answer(req, doc);
    return STEP_DONE;
}
