/* What requests and responses have in common, whatever the version: headers, queries, reasons, and
 * the calls that the streams of http1.c and http2.c answer.  Loop thread; the text functions any. */
#include "config.h" /* IWYU pragma: keep */

#include "net/http.h"

#include <stdio.h>
#include <time.h>

#include "base/arena.h"
#include "base/mem.h"
#include "net/http_priv.h"

static const struct {
    int status;
    const char *reason;
} http_reasons[] = {
    { 100, "Continue" },
    { 101, "Switching Protocols" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 206, "Partial Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Request Entity Too Large" },
    { 414, "Request URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Requested Range Not Satisfiable" },
    { 417, "Expectation Failed" },
    { 422, "Unprocessable Entity" },
    { 426, "Upgrade Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
};

static bool http_query_next(struct str *rest, struct str *ret_key, struct str *ret_value);
static bool http_key_is(struct str raw, const char *key);
static int http_hex(char c);

struct str
http_header(const struct http_request *request, const char *name)
{
    return http_find(request->headers, request->header_len, name);
}

void
http_respond(struct http_request *request, const struct http_response *response)
{
    ((struct http_stream *)request->stream)->ops->respond(request, response);
}

void
http_shed(struct http_request *request)
{
    arena_free(STEAL(request->arena));
    request->method = request->target = request->path = (struct str){ 0 };
    request->query = request->authority = (struct str){ 0 };
    request->headers = NULL;
    request->header_len = 0;
}

struct conn *
http_upgrade(struct http_request *request, const struct http_header *headers, size_t len)
{
    return ((struct http_stream *)request->stream)->ops->upgrade(request, headers, len);
}

void
http_abort(struct http_request *request)
{
    ((struct http_stream *)request->stream)->ops->abort(request);
}

struct str
http_query(struct str query, const char *key, struct arena *arena)
{
    struct str value = { 0 };

    (void)http_query_all(query, key, &value, 1, arena);
    return value;
}

size_t
http_query_all(struct str query, const char *key, struct str *values, size_t max,
               struct arena *arena)
{
    struct str rest = query;
    struct str raw_key = { 0 };
    struct str raw = { 0 };
    size_t len = 0;

    while (http_query_next(&rest, &raw_key, &raw)) {
        struct str value = { 0 };

        /* As Go's ParseQuery in url.Query(): a pair that does not decode is left out. */
        if (!http_key_is(raw_key, key) || http_percent_decode(raw, true, arena, &value) < 0) {
            continue;
        }
        if (len < max) {
            values[len] = value;
        }
        len++;
    }
    return len;
}

bool
http_query_bool(struct str query, const char *key)
{
    struct str rest = query;
    struct str raw_key = { 0 };
    struct str raw = { 0 };

    while (http_query_next(&rest, &raw_key, &raw)) {
        if (http_key_is(raw_key, key)) {
            /* apimachinery Convert_Slice_string_To_bool: anything but 0 and false, even empty */
            return !str_is(raw, "0") && !str_eq_nocase(raw, STR("false"));
        }
    }
    return false;
}

int
http_percent_decode(struct str text, bool plus_is_space, struct arena *arena, struct str *ret)
{
    char *to = arena_alloc(arena, text.size + 1);
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];

        if (c == '%') {
            int high = text.size - i > 2 ? http_hex(text.at[i + 1]) : -1;
            int low = text.size - i > 2 ? http_hex(text.at[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return -1;
            }
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        to[size++] = c;
    }
    *ret = str_slice(to, size);
    return 0;
}

struct str
http_find(const struct http_header *headers, size_t len, const char *name)
{
    struct str wanted = str_of(name);

    for (size_t i = 0; i < len; i++) {
        if (str_eq(headers[i].name, wanted)) {
            return headers[i].value;
        }
    }
    return (struct str){ 0 };
}

const char *
http_reason(int status)
{
    for (size_t i = 0; i < sizeof(http_reasons) / sizeof(http_reasons[0]); i++) {
        if (http_reasons[i].status == status) {
            return http_reasons[i].reason;
        }
    }
    return "";
}

bool
http_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

bool
http_split_target(struct http_request *request)
{
    struct str target = request->target;

    if (str_is(target, "*") && str_is(request->method, "OPTIONS")) {
        request->path = target;
        return true;
    }
    if (target.size == 0 || target.at[0] != '/') {
        return false;
    }
    for (size_t i = 0; i < target.size; i++) {
        unsigned char c = (unsigned char)target.at[i];

        if (c <= ' ' || c == 0x7f || c == '#') {
            return false;
        }
    }
    request->path = str_cut(target, '?', &request->query);
    return true;
}

void
http_date(int64_t wall_ms, char text[HTTP_DATE_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;

    (void)gmtime_r(&seconds, &parts);
    /* The C locale's names: binnacle never sets another LC_TIME. */
    (void)strftime(text, HTTP_DATE_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &parts);
}

/* The next "key=value" of a query, both still encoded; false at the end. */
static bool
http_query_next(struct str *rest, struct str *ret_key, struct str *ret_value)
{
    while (rest->size > 0) {
        struct str pair = str_cut(*rest, '&', rest);

        if (pair.size > 0) {
            *ret_key = str_cut(pair, '=', ret_value);
            return true;
        }
    }
    return false;
}

/* Does the encoded key spell `key`? Without memory, because most of them do not. */
static bool
http_key_is(struct str raw, const char *key)
{
    size_t i = 0;

    for (; i < raw.size && *key != '\0'; i++, key++) {
        char c = raw.at[i];

        if (c == '%' && raw.size - i > 2 && http_hex(raw.at[i + 1]) >= 0 &&
            http_hex(raw.at[i + 2]) >= 0) {
            c = (char)(http_hex(raw.at[i + 1]) << 4 | http_hex(raw.at[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c != *key) {
            return false;
        }
    }
    return i == raw.size && *key == '\0';
}

static int
http_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
