/* HTML rewritten while it passes: see html_links.h. Called by rest_proxy; loop thread.
 *
 * Bytes go through a small machine that knows text, comments, raw text (scripts, styles …) and tags.
 * A tag is held until its '>', then its attributes are looked at. One that is longer than TAG_MAX
 * passes unchanged, and so does all that follows it. */
#include "config.h" /* IWYU pragma: keep */

#include "apiserver/html_links.h"

#include <strings.h>

#include "base/mem.h"
#include "net/body.h"

enum { TAG_MAX = 64 << 10, IN_SIZE = 16 << 10, ROUNDS = 8 };

/* apimachinery's atomsToAttrs. */
static const struct {
    const char *tag, *attribute;
} links[] = {
    { "a", "href" },          { "applet", "codebase" },   { "area", "href" },
    { "audio", "src" },       { "base", "href" },         { "blockquote", "cite" },
    { "body", "background" }, { "button", "formaction" }, { "command", "icon" },
    { "del", "cite" },        { "embed", "src" },         { "form", "action" },
    { "frame", "longdesc" },  { "frame", "src" },         { "head", "profile" },
    { "html", "manifest" },   { "iframe", "longdesc" },   { "iframe", "src" },
    { "img", "longdesc" },    { "img", "src" },           { "img", "usemap" },
    { "input", "src" },       { "input", "usemap" },      { "input", "formaction" },
    { "ins", "cite" },        { "link", "href" },         { "object", "classid" },
    { "object", "codebase" }, { "object", "data" },       { "object", "usemap" },
    { "q", "cite" },          { "script", "src" },        { "source", "src" },
    { "video", "poster" },    { "video", "src" },
};

/* Elements whose content is no markup, until their end tag. */
static const char *const raw_tags[] = { "iframe", "noembed",  "noframes", "noscript", "script",
                                        "style",  "textarea", "title",    "xmp" };

enum state {
    TEXT,
    RAW,         /* text of a raw element */
    OPENED,      /* "<" */
    TAG,         /* "<a", outside of values */
    BEFORE,      /* "<a href=" */
    BARE,        /* "<a href=x" */
    DOUBLE,      /* "<a href=\"x" */
    SINGLE,      /* "<a href='x" */
    DECLARATION, /* "<!x", "<?x" */
    COMMENT,     /* "<!--" */
    PASS,        /* too much: as it is */
};

struct html_links {
    struct body body;
    struct body *inner; /* owned */
    struct html_links_place place;
    char *text; /* that place points into */
    enum state state;
    const char *raw;        /* the element, in RAW */
    struct str_builder tag; /* from its '<' */
    struct str_builder out; /* not given yet */
    size_t out_at;
    bool is_over;
};

/* ---- URLs ---- */

/* The host of "http://host/…" or "//host/…" and what follows it; an absent host: there is none. */
static struct str
cut_host(struct str url, struct str *ret_rest)
{
    size_t at = 0;
    while (at < url.size &&
           ((url.at[at] >= 'a' && url.at[at] <= 'z') || (url.at[at] >= 'A' && url.at[at] <= 'Z'))) {
        at++;
    }
    at = at > 0 && at < url.size && url.at[at] == ':' ? at + 1 : 0;
    *ret_rest = str_slice(url.at + at, url.size - at);
    if (!str_has_prefix(*ret_rest, STR("//"))) {
        return (struct str){ 0 };
    }
    struct str host = str_slice(ret_rest->at + 2, ret_rest->size - 2);
    size_t size = 0;
    while (size < host.size && strchr("/?#", host.at[size]) == NULL) {
        size++;
    }
    *ret_rest = str_slice(host.at + size, host.size - size);
    return str_slice(host.at, size);
}

bool
html_links_url(const struct html_links_place *place, struct str url, struct str_builder *out)
{
    struct str path, host = cut_host(url, &path);
    bool is_here = host.size > 0 && str_eq(host, place->here);
    bool is_there = host.size > 0 && str_eq(host, place->there);
    if ((host.size > 0 && !is_here && !is_there) || !str_has_prefix(path, STR("/"))) {
        return false;
    }
    if (is_here) { /* keeps its scheme and host */
        if (str_has_prefix(path, place->prefix)) {
            return false;
        }
        str_put(out, str_slice(url.at, url.size - path.size));
    }
    if (!str_has_prefix(path, place->prefix)) {
        str_put(out, place->prefix);
    } else if (!is_there) {
        return false;
    }
    str_put(out, path);
    return true;
}

/* ---- tags ---- */

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool
is_link(struct str tag, struct str attribute)
{
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        if (str_eq_nocase(tag, str_of(links[i].tag)) &&
            str_eq_nocase(attribute, str_of(links[i].attribute))) {
            return true;
        }
    }
    return false;
}

/* The bytes up to one of the ends, or a space. */
static struct str
take_word(struct str text, size_t *at, const char *ends)
{
    size_t begin = *at;
    while (*at < text.size && !is_space(text.at[*at]) && strchr(ends, text.at[*at]) == NULL) {
        (*at)++;
    }
    return str_slice(text.at + begin, *at - begin);
}

static void
skip_spaces(struct str text, size_t *at)
{
    while (*at < text.size && is_space(text.at[*at])) {
        (*at)++;
    }
}

/* What stands after the '=', without its quotes. */
static struct str
take_value(struct str text, size_t *at)
{
    skip_spaces(text, at);
    char quote = *at < text.size ? text.at[*at] : '\0';
    if (quote != '"' && quote != '\'') {
        return take_word(text, at, ">");
    }
    size_t begin = ++*at;
    while (*at < text.size && text.at[*at] != quote) {
        (*at)++;
    }
    struct str value = str_slice(text.at + begin, *at - begin);
    *at += *at < text.size;
    return value;
}

/* A whole start tag: out gets it with its links rewritten. */
static struct str
put_tag(struct html_links *h)
{
    struct str tag = str_view(&h->tag);
    size_t at = 1, given = 0;
    struct str name = take_word(tag, &at, "/>");
    while (at < tag.size && tag.at[at] != '>') {
        size_t before = at;
        skip_spaces(tag, &at);
        struct str attribute = take_word(tag, &at, "=/>");
        skip_spaces(tag, &at);
        if (at < tag.size && tag.at[at] == '=') {
            at++;
            struct str value = take_value(tag, &at);
            size_t begin = (size_t)(value.at - tag.at);
            size_t size = h->out.size;
            str_put(&h->out, str_slice(tag.at + given, begin - given));
            if (is_link(name, attribute) && html_links_url(&h->place, value, &h->out)) {
                given = begin + value.size;
            } else {
                h->out.size = size; /* it stays */
            }
        }
        at += at == before; /* a stray '/' */
    }
    str_put(&h->out, str_slice(tag.at + given, tag.size - given));
    return name;
}

static enum state
end_tag(struct html_links *h)
{
    struct str name = put_tag(h);
    h->raw = NULL;
    for (size_t i = 0; i < ARRAY_LEN(raw_tags) && h->raw == NULL; i++) {
        h->raw = str_eq_nocase(name, str_of(raw_tags[i])) ? raw_tags[i] : NULL;
    }
    h->tag.size = 0;
    return h->raw == NULL ? TEXT : RAW;
}

static enum state
end_as_is(struct html_links *h)
{
    str_put(&h->out, str_view(&h->tag));
    h->tag.size = 0;
    return TEXT;
}

/* ---- the machine ---- */

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "</script" and a byte that ends the name. */
static bool
ends_raw(const struct html_links *h)
{
    struct str tag = str_view(&h->tag);
    size_t size = strlen(h->raw) + 2;
    return tag.size == size + 1 && tag.at[1] == '/' &&
           strncasecmp(tag.at + 2, h->raw, size - 2) == 0 &&
           (is_space(tag.at[size]) || tag.at[size] == '/' || tag.at[size] == '>');
}

static enum state
next_in_raw(struct html_links *h, char c)
{
    if (c == '<' || h->tag.size == 0 || h->tag.size > strlen(h->raw) + 2) {
        (void)end_as_is(h);
        if (c != '<') {
            str_putc(&h->out, c);
            return RAW;
        }
    }
    str_putc(&h->tag, c);
    if (!ends_raw(h)) {
        return RAW;
    }
    return c == '>' ? end_as_is(h) : DECLARATION; /* to its '>' */
}

/* In a tag, which has c already. */
static enum state
next_in_tag(struct html_links *h, char c)
{
    switch ((unsigned)h->state) {
    case BEFORE:
        if (c == '"' || c == '\'') {
            return c == '"' ? DOUBLE : SINGLE;
        }
        return c == '>' ? end_tag(h) : (is_space(c) ? BEFORE : BARE);
    case BARE:
        return c == '>' ? end_tag(h) : (is_space(c) ? TAG : BARE);
    case DOUBLE:
        return c == '"' ? TAG : DOUBLE;
    case SINGLE:
        return c == '\'' ? TAG : SINGLE;
    default:
        return c == '>' ? end_tag(h) : (c == '=' ? BEFORE : TAG);
    }
}

static enum state
next_after_opening(struct html_links *h, char c)
{
    if (is_letter(c)) {
        return TAG;
    }
    if (c == '<') {
        h->tag.size--;
        (void)end_as_is(h);
        str_putc(&h->tag, '<');
        return OPENED;
    }
    return c == '!' || c == '?' || c == '/' ? DECLARATION : end_as_is(h);
}

static enum state
next(struct html_links *h, char c)
{
    if (h->state == PASS || (h->state == TEXT && c != '<')) {
        str_putc(&h->out, c);
        return h->state;
    }
    if (h->state == RAW) {
        return next_in_raw(h, c);
    }
    str_putc(&h->tag, c);
    switch ((unsigned)h->state) {
    case TEXT:
        return OPENED;
    case OPENED:
        return next_after_opening(h, c);
    case DECLARATION:
        if (str_is(str_view(&h->tag), "<!--")) {
            return COMMENT;
        }
        return c == '>' ? end_as_is(h) : DECLARATION;
    case COMMENT: /* also "<!-->" and "<!--->" */
        return c == '>' && str_has_suffix(str_view(&h->tag), STR("-->")) ? end_as_is(h) : COMMENT;
    default:
        return next_in_tag(h, c);
    }
}

static void
feed(struct html_links *h, struct str bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        h->state = next(h, bytes.at[i]);
        if (h->tag.size > 3 && h->state == COMMENT) {
            /* Comments may be long: all but what their end is found by leaves at once. */
            str_put(&h->out, str_slice(h->tag.at, h->tag.size - 3));
            memmove(h->tag.at, h->tag.at + h->tag.size - 3, 3);
            h->tag.size = 3;
        } else if (h->tag.size > TAG_MAX) {
            (void)end_as_is(h);
            h->state = PASS;
        }
    }
}

/* ---- the body ---- */

static enum pull_rc
pull_inner(struct html_links *h)
{
    struct iovec in[BODY_IOV_MAX];
    int len = BODY_IOV_MAX;
    enum pull_rc rc = h->inner->pull(h->inner, in, &len, IN_SIZE);
    for (int i = 0; i < len; i++) {
        feed(h, str_slice(in[i].iov_base, in[i].iov_len));
    }
    if (rc == PULL_END) {
        (void)end_as_is(h);
        h->is_over = true;
    }
    return rc;
}

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct html_links *h = container_of(body, struct html_links, body);
    if (h->out_at == h->out.size) {
        h->out_at = h->out.size = 0; /* what the last pull gave was taken */
    }
    for (int i = 0; i < ROUNDS && h->out.size == 0 && !h->is_over; i++) {
        enum pull_rc rc = pull_inner(h);
        if (rc == PULL_ABORT || (rc == PULL_WAIT && h->out.size == 0)) {
            *io_len = 0;
            return rc;
        }
    }
    size_t size = h->out.size - h->out_at;
    size = size < max_bytes ? size : max_bytes;
    iov[0] = (struct iovec){ h->out.at + h->out_at, size };
    *io_len = size == 0 ? 0 : 1;
    h->out_at += size;
    return h->is_over && h->out_at == h->out.size ? PULL_END : PULL_MORE;
}

static void
done(struct body *body)
{
    struct html_links *h = container_of(body, struct html_links, body);
    body_free(h->inner);
    str_done(&h->tag);
    str_done(&h->out);
    mem_free(h->text);
    mem_free(h);
}

static void
woken(struct body *inner)
{
    struct html_links *h = inner->stream;
    if (h->body.wake != NULL) {
        h->body.wake(&h->body);
    }
}

struct body *
html_links_body(struct body *inner, const struct html_links_place *place)
{
    struct html_links *h = MEM_NEW(struct html_links);
    h->body = (struct body){ .pull = pull, .done = done, .size = -1 };
    h->inner = inner;
    inner->wake = woken;
    inner->stream = h;
    h->tag.max = h->out.max = SIZE_MAX; /* bounded by TAG_MAX and by what one pull makes */
    h->text = mem_printf(STR_FMT STR_FMT STR_FMT, STR_ARG(place->prefix), STR_ARG(place->there),
                         STR_ARG(place->here));
    h->place.prefix = str_slice(h->text, place->prefix.size);
    h->place.there = str_slice(h->text + place->prefix.size, place->there.size);
    h->place.here = str_slice(h->place.there.at + place->there.size, place->here.size);
    return &h->body;
}
