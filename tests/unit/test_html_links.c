/* apiserver/html_links: which URLs are led back through a proxy, and pages in pieces of any size. */
#include "config.h"

#include "apiserver/html_links.h"

#include <stdlib.h>

#include "base/mem.h"
#include "net/body.h"
#include "tests/lib/unit.h"

static const struct html_links_place place = { .prefix = { "/p/proxy", 8 },
                                               .there = { "10.0.0.9:80", 11 },
                                               .here = { "api:6443", 8 } };

static void
test_urls(void **state)
{
    static const struct {
        const char *url, *wanted; /* NULL: as it is */
    } cases[] = {
        { "/a/b?c=/d#e", "/p/proxy/a/b?c=/d#e" },
        { "/", "/p/proxy/" },
        { "a/b", NULL },
        { "", NULL },
        { "#x", NULL },
        { "?q", NULL },
        { "mailto:a@b", NULL },
        { "http://elsewhere/a", NULL },
        { "//elsewhere/a", NULL },
        { "http://10.0.0.9:80/a", "/p/proxy/a" },
        { "http://10.0.0.9:80", NULL },
        { "//10.0.0.9:80/a", "/p/proxy/a" },
        { "http://10.0.0.9:81/a", NULL },
        { "/p/proxy/a", NULL }, /* it knows where it is */
        { "http://10.0.0.9:80/p/proxy/a", "/p/proxy/a" },
        { "https://api:6443/a", "https://api:6443/p/proxy/a" },
        { "https://api:6443/p/proxy/a", NULL },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_STR struct str_builder out = { 0 };
        bool is_new = html_links_url(&place, str_of(cases[i].url), &out);
        assert_int_equal(is_new, cases[i].wanted != NULL);
        assert_true(str_is(str_view(&out), is_new ? cases[i].wanted : ""));
    }
}

/* ---- pages ---- */

struct source {
    struct body body;
    struct str text;
    size_t at, piece;
    enum pull_rc end;
    int done;
};

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct source *s = container_of(body, struct source, body);
    size_t left = s->text.size - s->at, size = left < s->piece ? left : s->piece;
    (void)max_bytes;
    iov[0] = (struct iovec){ (void *)(uintptr_t)(s->text.at + s->at), size };
    *io_len = 1;
    s->at += size;
    return s->at == s->text.size ? s->end : PULL_MORE;
}

static void
done(struct body *body)
{
    container_of(body, struct source, body)->done++;
}

/* Pulls all of it. */
static enum pull_rc
read_page(struct source *s, struct str text, size_t piece, struct str_builder *ret)
{
    s->body = (struct body){ .pull = pull, .done = done, .size = -1 };
    s->text = text;
    s->piece = piece;
    ret->max = SIZE_MAX;
    struct body *page = html_links_body(&s->body, &place);
    enum pull_rc rc;
    do {
        struct iovec iov[BODY_IOV_MAX];
        int len = BODY_IOV_MAX;
        rc = page->pull(page, iov, &len, 7);
        for (int i = 0; i < len; i++) {
            assert_true(iov[i].iov_len <= 7);
            str_put(ret, str_slice(iov[i].iov_base, iov[i].iov_len));
        }
    } while (rc == PULL_MORE);
    page->done(page);
    return rc;
}

static const struct page {
    const char *from, *to; /* NULL: unchanged */
} pages[] = {
    { "", NULL },
    { "<a href=\"/rewriteme\">test</a>", "<a href=\"/p/proxy/rewriteme\">test</a>" },
    { "<A\n HREF = '/x' class=\"/y\">", "<A\n HREF = '/p/proxy/x' class=\"/y\">" },
    { "<img/src=/x><img src=/x/>", "<img/src=/p/proxy/x><img src=/p/proxy/x/>" },
    { "<a title='>' href=\"/x>y\">", "<a title='>' href=\"/p/proxy/x>y\">" },
    { "<a title=\"a href='/x'\">", NULL },
    { "<a href=x>1 < 2 <<a href=/x>", "<a href=x>1 < 2 <<a href=/p/proxy/x>" },
    { "<b href=/x><a src=/x><a href><a href=>", NULL },
    { "<!-- <a href=/x> --> <a href=/y>", "<!-- <a href=/x> --> <a href=/p/proxy/y>" },
    { "<!--><a href=/y>", "<!--><a href=/p/proxy/y>" },
    { "<!doctype html><?x y?><a href=/y>", "<!doctype html><?x y?><a href=/p/proxy/y>" },
    { "<script src=/s>if (a<b) '<a href=/x>'</script><a href=/y>",
      "<script src=/p/proxy/s>if (a<b) '<a href=/x>'</script><a href=/p/proxy/y>" },
    { "<title><a href=/x></titles></TITLE ><a href=/y>",
      "<title><a href=/x></titles></TITLE ><a href=/p/proxy/y>" },
    { "<style></sty</style><a href=/y>", "<style></sty</style><a href=/p/proxy/y>" },
    { "<form action=/f><input src=/i formaction=/g><body background=/b>",
      "<form action=/p/proxy/f><input src=/p/proxy/i formaction=/p/proxy/g>"
      "<body background=/p/proxy/b>" },
    { "text <a href=/unfinished", NULL },
    { "text <", NULL },
    { "<!-- unfinished", NULL },
    { "<script> unfinished </scri", NULL },
};

static void
test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        for (size_t piece = 1; piece < 40; piece += 6) {
            struct source source = { .end = PULL_END };
            AUTO_STR struct str_builder out = { 0 };
            const char *wanted = pages[i].to == NULL ? pages[i].from : pages[i].to;
            assert_int_equal(read_page(&source, str_of(pages[i].from), piece, &out), PULL_END);
            if (!str_is(str_view(&out), wanted)) {
                fail_msg("want: %s\ngot: " STR_FMT, wanted, STR_ARG(str_view(&out)));
            }
            assert_int_equal(source.done, 1);
        }
    }
}

/* Nothing is held without bound, and nothing is lost. */
static void
test_long_ones(void **state)
{
    static const char *const begins[] = { "<a href=\"/", "<!--", "<", "<script>" };
    enum { SIZE = 200000 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        AUTO_STR struct str_builder page = { 0 };
        AUTO_STR struct str_builder out = { 0 };
        str_putz(&page, begins[i]);
        for (size_t k = 0; k < SIZE; k++) {
            str_putc(&page, 'x');
        }
        struct source source = { .end = PULL_END };
        assert_int_equal(read_page(&source, str_view(&page), 1000, &out), PULL_END);
        assert_true(str_eq(str_view(&page), str_view(&out)));
    }
}

static void
test_abort(void **state)
{
    struct source source = { .end = PULL_ABORT };
    AUTO_STR struct str_builder out = { 0 };
    (void)state;
    assert_int_equal(read_page(&source, STR("<a href=/x>"), 4, &out), PULL_ABORT);
    assert_int_equal(source.done, 1);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_long_ones),
        cmocka_unit_test(test_abort),
    };
    return cmocka_run_group_tests_name("apiserver/html_links", tests, NULL, NULL);
}
