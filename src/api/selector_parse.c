/* Query text of selectors: labels.Parse and fields.ParseSelector, with their messages.
 *
 * Called per request; pure, any thread. */
#include "config.h"

#include "api/selector_priv.h"

#include <string.h>

#include "api/quote.h"
#include "api/registry.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/err.h"

enum selector_token {
    TOKEN_ERROR,
    TOKEN_END,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_NOT,
    TOKEN_DOUBLE_EQUALS,
    TOKEN_EQUALS,
    TOKEN_GREATER,
    TOKEN_NAME,
    TOKEN_IN,
    TOKEN_LESS,
    TOKEN_NOT_EQUALS,
    TOKEN_NOT_IN,
    TOKEN_OPEN,
};

static const struct {
    const char *text;
    enum selector_token token;
} selector_words[] = {
    { ")", TOKEN_CLOSE },       { ",", TOKEN_COMMA },
    { "!", TOKEN_NOT },         { "==", TOKEN_DOUBLE_EQUALS },
    { "=", TOKEN_EQUALS },      { ">", TOKEN_GREATER },
    { "in", TOKEN_IN },         { "<", TOKEN_LESS },
    { "!=", TOKEN_NOT_EQUALS }, { "notin", TOKEN_NOT_IN },
    { "(", TOKEN_OPEN },
};

struct selector_lexer {
    struct arena *arena;
    struct str text;
    size_t at;
    enum selector_token token; /* the next one, not yet taken */
    struct str literal;
};

static void selector_lex(struct selector_lexer *lexer);
static int selector_requirement(struct selector_lexer *lexer, struct selector_need *need,
                                struct err **err);
static int selector_operator(struct selector_lexer *lexer, enum selector_op *ret, struct err **err);
static int selector_values(struct selector_lexer *lexer, struct selector_need *need,
                           struct err **err);
static int selector_list(struct selector_lexer *lexer, struct selector_need *need,
                         struct err **err);
static int selector_field(struct selector *selector, struct str term, struct str whole,
                          struct err **err);
static int selector_find_field(struct selector_need *need, const struct resource *resource,
                               struct err **err);

int
selector_parse_labels(struct arena *arena, struct str text, struct selector **ret, struct err **err)
{
    struct selector *selector = selector_new(arena);
    struct selector_lexer lexer = { .arena = arena, .text = text };
    selector_lex(&lexer);
    while (lexer.token != TOKEN_END) {
        struct selector_need need = { 0 };
        if (lexer.token != TOKEN_NAME && lexer.token != TOKEN_NOT && lexer.token != TOKEN_IN &&
            lexer.token != TOKEN_NOT_IN) {
            return err_set(err, ERR_BAD_REQUEST,
                           "found '" STR_FMT "', expected: !, identifier, or 'end of string'",
                           STR_ARG(lexer.literal));
        }
        if (selector_requirement(&lexer, &need, err) < 0 || selector_check(arena, &need, err) < 0) {
            struct err *cause = STEAL(*err);
            (void)err_set(err, ERR_BAD_REQUEST, "unable to parse requirement: %s", cause->message);
            err_free(cause);
            return -1;
        }
        selector_add(selector, &need);
        if (lexer.token == TOKEN_END) {
            break;
        }
        if (lexer.token != TOKEN_COMMA) {
            return err_set(err, ERR_BAD_REQUEST,
                           "found '" STR_FMT "', expected: ',' or 'end of string'",
                           STR_ARG(lexer.literal));
        }
        selector_lex(&lexer);
        if (lexer.token != TOKEN_NAME && lexer.token != TOKEN_NOT && lexer.token != TOKEN_IN &&
            lexer.token != TOKEN_NOT_IN) {
            return err_set(err, ERR_BAD_REQUEST,
                           "found '" STR_FMT "', expected: identifier after ','",
                           STR_ARG(lexer.literal));
        }
    }
    selector_sort(selector);
    *ret = selector;
    return 0;
}

int
selector_parse_fields(struct arena *arena, const struct resource *resource, struct str text,
                      struct selector **ret, struct err **err)
{
    struct selector *selector = selector_new(arena);
    selector->has_fields = true;
    /* Terms end at commas that no backslash escapes. */
    size_t from = 0;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.at[i] == '\\') {
            i++;
            continue;
        }
        if (i < text.size && text.at[i] != ',') {
            continue;
        }
        struct str term = str_slice(text.at + from, (i > text.size ? text.size : i) - from);
        from = i + 1;
        if (term.size > 0 && selector_field(selector, term, text, err) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < selector->len; i++) {
        if (selector_find_field(&selector->needs[i], resource, err) < 0) {
            return -1;
        }
    }
    *ret = selector;
    return 0;
}

/* ---- labels ---- */

static bool
selector_is_special(char c)
{
    return c != '\0' && strchr("=!(),><", c) != NULL;
}

static bool
selector_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum selector_token
selector_word(struct str text)
{
    for (size_t i = 0; i < sizeof(selector_words) / sizeof(selector_words[0]); i++) {
        if (str_is(text, selector_words[i].text)) {
            return selector_words[i].token;
        }
    }
    return TOKEN_NAME;
}

static void
selector_lex(struct selector_lexer *lexer)
{
    struct str text = lexer->text;
    while (lexer->at < text.size && selector_is_space(text.at[lexer->at])) {
        lexer->at++;
    }
    size_t from = lexer->at;
    if (from == text.size) {
        lexer->token = TOKEN_END;
        lexer->literal = STR("");
        return;
    }
    if (!selector_is_special(text.at[from])) {
        while (lexer->at < text.size && !selector_is_special(text.at[lexer->at]) &&
               !selector_is_space(text.at[lexer->at])) {
            lexer->at++;
        }
        lexer->literal = str_slice(text.at + from, lexer->at - from);
        lexer->token = selector_word(lexer->literal);
        return;
    }
    /* The longest run of symbols that is a word. */
    lexer->token = TOKEN_ERROR;
    size_t end = from;
    while (end < text.size && selector_is_special(text.at[end])) {
        struct str run = str_slice(text.at + from, end + 1 - from);
        enum selector_token token = selector_word(run);
        if (token != TOKEN_NAME) {
            lexer->token = token;
            lexer->literal = run;
        } else if (lexer->token != TOKEN_ERROR) {
            break;
        }
        end++;
    }
    lexer->at = end;
    if (lexer->token == TOKEN_ERROR) {
        lexer->literal = arena_printf(lexer->arena, "error expected: keyword found '%.*s'",
                                      (int)(end - from), text.at + from);
    }
}

static bool
selector_is_name(const struct selector_lexer *lexer)
{
    return lexer->token == TOKEN_NAME || lexer->token == TOKEN_IN || lexer->token == TOKEN_NOT_IN;
}

static int
selector_requirement(struct selector_lexer *lexer, struct selector_need *need, struct err **err)
{
    bool is_not = lexer->token == TOKEN_NOT;
    if (is_not) {
        selector_lex(lexer);
    }
    if (!selector_is_name(lexer)) {
        return err_set(err, ERR_BAD_REQUEST, "found '" STR_FMT "', expected: identifier",
                       STR_ARG(lexer->literal));
    }
    need->key = arena_dup(lexer->arena, lexer->literal);
    const char *problem = validate_qualified_name(need->key);
    if (problem != NULL) {
        struct str quoted = quote_go(need->key, lexer->arena);
        return err_set(err, ERR_BAD_REQUEST, "<nil>: Invalid value: " STR_FMT ": %s",
                       STR_ARG(quoted), problem);
    }
    selector_lex(lexer);
    if (is_not || lexer->token == TOKEN_END || lexer->token == TOKEN_COMMA) {
        need->op = is_not ? SELECTOR_ABSENT : SELECTOR_EXISTS;
        return 0;
    }
    if (selector_operator(lexer, &need->op, err) < 0) {
        return -1;
    }
    if (need->op == SELECTOR_IN || need->op == SELECTOR_NOT_IN) {
        return selector_values(lexer, need, err);
    }
    if (lexer->token == TOKEN_END || lexer->token == TOKEN_COMMA) {
        selector_add_value(lexer->arena, need, STR(""));
        return 0;
    }
    if (!selector_is_name(lexer)) {
        return err_set(err, ERR_BAD_REQUEST, "found '" STR_FMT "', expected: identifier",
                       STR_ARG(lexer->literal));
    }
    selector_add_value(lexer->arena, need, arena_dup(lexer->arena, lexer->literal));
    selector_lex(lexer);
    return 0;
}

static int
selector_operator(struct selector_lexer *lexer, enum selector_op *ret, struct err **err)
{
    static const struct {
        enum selector_token token;
        enum selector_op op;
    } operators[] = {
        { TOKEN_IN, SELECTOR_IN },
        { TOKEN_EQUALS, SELECTOR_EQUALS },
        { TOKEN_DOUBLE_EQUALS, SELECTOR_DOUBLE_EQUALS },
        { TOKEN_GREATER, SELECTOR_GREATER },
        { TOKEN_LESS, SELECTOR_LESS },
        { TOKEN_NOT_IN, SELECTOR_NOT_IN },
        { TOKEN_NOT_EQUALS, SELECTOR_NOT_EQUALS },
    };
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (operators[i].token == lexer->token) {
            *ret = operators[i].op;
            selector_lex(lexer);
            return 0;
        }
    }
    return err_set(err, ERR_BAD_REQUEST,
                   "found '" STR_FMT "', expected: in, notin, =, ==, !=, gt, lt",
                   STR_ARG(lexer->literal));
}

/* "(a,b)"; "()" holds one empty value, as do "(," and ",)". */
static int
selector_values(struct selector_lexer *lexer, struct selector_need *need, struct err **err)
{
    if (lexer->token != TOKEN_OPEN) {
        return err_set(err, ERR_BAD_REQUEST, "found '" STR_FMT "' expected: '('",
                       STR_ARG(lexer->literal));
    }
    selector_lex(lexer);
    if (lexer->token == TOKEN_CLOSE) {
        selector_add_value(lexer->arena, need, STR(""));
        selector_lex(lexer);
        return 0;
    }
    if (!selector_is_name(lexer) && lexer->token != TOKEN_COMMA) {
        return err_set(err, ERR_BAD_REQUEST,
                       "found '" STR_FMT "', expected: ',', ')' or identifier",
                       STR_ARG(lexer->literal));
    }
    return selector_list(lexer, need, err);
}

static int
selector_list(struct selector_lexer *lexer, struct selector_need *need, struct err **err)
{
    for (;;) {
        if (selector_is_name(lexer)) {
            selector_add_value(lexer->arena, need, arena_dup(lexer->arena, lexer->literal));
            selector_lex(lexer);
            if (lexer->token == TOKEN_CLOSE) {
                break;
            }
            if (lexer->token != TOKEN_COMMA) {
                return err_set(err, ERR_BAD_REQUEST, "found '" STR_FMT "', expected: ',' or ')'",
                               STR_ARG(lexer->literal));
            }
        } else if (lexer->token == TOKEN_COMMA) {
            if (need->len == 0) {
                selector_add_value(lexer->arena, need, STR(""));
            }
            selector_lex(lexer);
            if (lexer->token == TOKEN_CLOSE || lexer->token == TOKEN_COMMA) {
                selector_add_value(lexer->arena, need, STR(""));
            }
            if (lexer->token == TOKEN_CLOSE) {
                break;
            }
        } else {
            return err_set(err, ERR_BAD_REQUEST,
                           "found '" STR_FMT "', expected: ',', or identifier",
                           STR_ARG(lexer->literal));
        }
    }
    selector_lex(lexer);
    return 0;
}

/* ---- fields ---- */

/* Undoes \\ \, and \=; NULL at when another backslash or a bare = stands there. */
static struct str
selector_unescape(struct arena *arena, struct str text)
{
    char *out = arena_alloc(arena, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c == '\\') {
            i++;
            if (i == text.size || strchr("\\,=", text.at[i]) == NULL) {
                return (struct str){ 0 };
            }
            c = text.at[i];
        } else if (c == '=' || c == ',') {
            return (struct str){ 0 };
        }
        out[size++] = c;
    }
    return str_slice(out, size);
}

/* One term of the whole: its key, operator and value. */
static int
selector_field(struct selector *selector, struct str term, struct str whole, struct err **err)
{
    struct arena *arena = selector->arena;
    static const struct {
        const char *text;
        enum selector_op op;
    } operators[] = { { "!=", SELECTOR_NOT_EQUALS },
                      { "==", SELECTOR_EQUALS },
                      { "=", SELECTOR_EQUALS } };
    struct selector_need need = { 0 };
    struct str raw = { 0 };
    for (size_t i = 0; i < term.size && raw.at == NULL; i++) {
        i += term.at[i] == '\\' ? 1 : 0;
        for (size_t k = 0; k < sizeof(operators) / sizeof(operators[0]) && i < term.size; k++) {
            size_t size = strlen(operators[k].text);
            if (term.size - i >= size && memcmp(term.at + i, operators[k].text, size) == 0) {
                need.key = arena_dup(arena, str_slice(term.at, i));
                need.op = operators[k].op;
                raw = str_slice(term.at + i + size, term.size - i - size);
                break;
            }
        }
    }
    if (raw.at == NULL) {
        return err_set(err, ERR_BAD_REQUEST,
                       "invalid selector: '" STR_FMT "'; can't understand '" STR_FMT "'",
                       STR_ARG(whole), STR_ARG(term));
    }
    struct str value = selector_unescape(arena, raw);
    if (value.at == NULL) {
        return err_set(err, ERR_BAD_REQUEST,
                       "invalid field selector value: \"" STR_FMT "\": invalid escape sequence",
                       STR_ARG(raw));
    }
    selector_add_value(arena, &need, value);
    selector_add(selector, &need);
    return 0;
}

/* The field of the resource that is meant; asked when the whole selector has been understood. */
static int
selector_find_field(struct selector_need *need, const struct resource *resource, struct err **err)
{
    bool is_known = str_is(need->key, "metadata.name") || str_is(need->key, "metadata.namespace");
    for (size_t i = 0; i < resource->selectable_len && !is_known; i++) {
        if (str_is(need->key, resource->selectables[i].label)) {
            need->field = &resource->selectables[i];
            need->hash = object_index_hash(need->values[0]);
            is_known = true;
        }
    }
    if (!is_known && resource->selectable_len == 0) {
        return err_set(err, ERR_BAD_REQUEST,
                       "\"" STR_FMT "\" is not a known field selector: only \"metadata.name\", "
                       "\"metadata.namespace\"",
                       STR_ARG(need->key));
    }
    if (!is_known && strcmp(resource->kind, "Job") == 0) { /* AddFieldLabelConversionsForJob */
        return err_set(err, ERR_BAD_REQUEST, "field label \"" STR_FMT "\" not supported for Job",
                       STR_ARG(need->key));
    }
    if (!is_known) {
        return err_set(err, ERR_BAD_REQUEST, "field label not supported: " STR_FMT,
                       STR_ARG(need->key));
    }
    return 0;
}
