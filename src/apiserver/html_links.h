/* Links of pages that come through the proxy, led back through it.  Loop thread. */
#ifndef BINNACLE_APISERVER_HTML_LINKS_H
#define BINNACLE_APISERVER_HTML_LINKS_H

#include <stdbool.h>

#include "base/str.h"

struct body;

/* Where a page is; all borrowed. */
struct html_links_place {
    struct str prefix; /* path of the proxy: "/api/v1/…/proxy" */
    struct str there;  /* host:port that it came from; absent: not known */
    struct str here;   /* host:port that the client asked */
};
/* The URL as the client must ask for it, appended to out; false, and nothing appended: as it is.
 * apimachinery/pkg/util/proxy/transport.go: rewriteURL. */
bool html_links_url(const struct html_links_place *place, struct str url, struct str_builder *out);

/* The page with its links led through the proxy; owns inner, copies place. Only the values of the
 * attributes that hold URLs are touched (upstream writes their whole tags anew). */
struct body *html_links_body(struct body *inner, const struct html_links_place *place);

#endif
