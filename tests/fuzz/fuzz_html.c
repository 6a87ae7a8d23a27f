/* Fuzz target of apiserver/html_links: the input is a page. It must come out the same in pieces of
 * any size, and with what was put into its links taken out again be the page that went in (but for
 * URLs that lose a scheme or an empty host). */
#include "config.h" /* IWYU pragma: keep */

#include <stdint.h>
#include <stdlib.h>

#include "apiserver/html_links.h"
#include "base/mem.h"
#include "net/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
    struct body body;
    const uint8_t *at;
    size_t left, piece;
};

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct source *s = container_of(body, struct source, body);
    size_t size = s->left < s->piece ? s->left : s->piece;

    size = size < max_bytes ? size : max_bytes;
    iov[0] = (struct iovec){ (void *)(uintptr_t)s->at, size };
    *io_len = 1;
    s->at += size;
    s->left -= size;
    return s->left == 0 ? PULL_END : PULL_MORE;
}

static void
done(struct body *body)
{
    (void)body;
}

/* The prefix is a byte that no input has. */
static struct str_builder
read_page(const uint8_t *data, size_t size, size_t piece)
{
    const struct html_links_place place = { .prefix = STR("/\1"), .here = STR("here") };
    struct source source = { { .pull = pull, .done = done, .size = -1 }, data, size, piece };
    struct body *page = html_links_body(&source.body, &place);
    struct str_builder out = { 0 };
    enum pull_rc rc = PULL_MORE;

    while (rc == PULL_MORE) {
        struct iovec iov[BODY_IOV_MAX];
        int len = BODY_IOV_MAX;

        rc = page->pull(page, iov, &len, 1000);
        for (int i = 0; i < len; i++) {
            str_put(&out, str_slice(iov[i].iov_base, iov[i].iov_len));
        }
    }
    body_free(page);
    return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4000 || memchr(data, '\1', size) != NULL) {
        return 0;
    }
    struct str_builder at_once = read_page(data, size, 4000), in_pieces = read_page(data, size, 1);
    size_t kept = 0;

    if (!str_eq(str_view(&at_once), str_view(&in_pieces))) {
        abort();
    }
    for (size_t i = 0; i < at_once.size; i++) {
        if (at_once.at[i] == '/' && i + 1 < at_once.size && at_once.at[i + 1] == '\1') {
            i++;
        } else {
            in_pieces.at[kept++] = at_once.at[i];
        }
    }
    bool may_lose =
        size > 0 && (memmem(data, size, ":/", 2) != NULL || memmem(data, size, "///", 3) != NULL);

    if (!may_lose && (kept != size || (size > 0 && memcmp(in_pieces.at, data, size) != 0))) {
        abort();
    }
    str_done(&at_once);
    str_done(&in_pieces);
    return 0;
}
