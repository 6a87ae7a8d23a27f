/* HTTP/1.1 syntax (RFC 9112), strict.  Called by http1.c and http1_client.c; no state of its own, no
 * memory, any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "net/http1_parse.h"

#include "net/http_priv.h"

enum { HTTP1_SIZE_DIGITS = 15 }; /* of a chunk size: more is nobody's chunk */

/* Where we are in a chunked body. */
enum {
    HTTP1_SIZE, /* first: zero-initialised chunks begin here */
    HTTP1_EXTENSION,
    HTTP1_SIZE_LF,
    HTTP1_DATA,
    HTTP1_DATA_CR,
    HTTP1_DATA_LF,
    HTTP1_TRAILER,      /* at the first byte of a line */
    HTTP1_TRAILER_LINE, /* inside one */
    HTTP1_TRAILER_LF,
    HTTP1_END_LF,
    HTTP1_OVER,
};

static int http1_request_line(struct str line, struct http1_head *head);
static int http1_version(struct str text, struct http1_head *head);
static bool http1_is_digit(char c);
static int http1_status_line(struct str line, struct http1_head *head);
static int http1_headers(char *bytes, size_t size, struct http1_head *head);
static int http1_header(char *line, size_t size, struct http1_head *head);
static int http1_meaning(struct http1_head *head, struct str name, struct str value);
static bool http1_has_upgrade(const struct http1_head *head);
static int http1_length(struct http1_head *head, struct str value);
static void http1_connection(struct http1_head *head, struct str value);
static bool http1_is_token(struct str text);
static bool http1_is_token_char(unsigned char c);
static int http1_hex(char c);
static bool http1_chunk_size_byte(struct http1_chunks *chunks, char c);
static bool http1_chunk_byte(struct http1_chunks *chunks, char c);

ssize_t
http1_head_size(const char *bytes, size_t size, size_t *io_seen)
{
    size_t at = *io_seen;

    while (at < size) {
        const char *found = memchr(bytes + at, '\n', size - at);

        if (found == NULL) {
            at = size;
            break;
        }
        size_t lf = (size_t)(found - bytes);

        if (lf == 0 || bytes[lf - 1] != '\r') {
            return -1;
        }
        if (lf >= 3 && bytes[lf - 2] == '\n') {
            return (ssize_t)(lf + 1);
        }
        at = lf + 1;
    }
    *io_seen = at;
    return 0;
}

int
http1_parse_request(char *bytes, size_t size, struct http1_head *ret)
{
    const char *end = memchr(bytes, '\r', size);
    struct str line = str_slice(bytes, end == NULL ? size : (size_t)(end - bytes));
    size_t hosts = 0;

    *ret = (struct http1_head){ .length = -1 };
    int rc = http1_request_line(line, ret);

    if (rc == 0) {
        rc = http1_headers(bytes + line.size, size - line.size, ret);
    }
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < ret->header_len; i++) {
        hosts += str_is(ret->headers[i].name, "host") ? 1 : 0;
    }
    if (hosts > 1 || (hosts == 0 && ret->version == 11)) {
        return 400;
    }
    if (ret->is_chunked && (ret->length >= 0 || ret->version == 10)) {
        return 400; /* two ways to read it */
    }
    ret->is_upgrade = ret->is_upgrade && http1_has_upgrade(ret);
    return 0;
}

int
http1_parse_answer(char *bytes, size_t size, struct http1_head *ret)
{
    const char *end = memchr(bytes, '\r', size);
    struct str line = str_slice(bytes, end == NULL ? size : (size_t)(end - bytes));

    *ret = (struct http1_head){ .length = -1 };
    if (http1_status_line(line, ret) != 0 ||
        http1_headers(bytes + line.size, size - line.size, ret) != 0 ||
        (ret->is_chunked && ret->length >= 0)) {
        return 502;
    }
    ret->is_upgrade = ret->is_upgrade && http1_has_upgrade(ret);
    return 0;
}

enum http1_chunk_rc
http1_chunk_next(struct http1_chunks *chunks, const char *bytes, size_t size, size_t *ret_used,
                 struct str *ret_data)
{
    size_t at = 0;

    while (at < size && chunks->state != HTTP1_OVER) {
        if (chunks->state == HTTP1_DATA) {
            size_t piece = size - at < chunks->left ? size - at : (size_t)chunks->left;

            *ret_used = at;
            *ret_data = str_slice(bytes + at, piece);
            return HTTP1_CHUNK_DATA;
        }
        if (!http1_chunk_byte(chunks, bytes[at])) {
            *ret_used = at;
            return HTTP1_CHUNK_BAD;
        }
        at++;
    }
    *ret_used = at;
    return chunks->state == HTTP1_OVER ? HTTP1_CHUNK_END : HTTP1_CHUNK_MORE;
}

void
http1_chunk_taken(struct http1_chunks *chunks, size_t size)
{
    chunks->left -= size;
    if (chunks->left == 0) {
        chunks->state = HTTP1_DATA_CR;
    }
}

/* method SP target SP HTTP/1.x */
static int
http1_request_line(struct str line, struct http1_head *head)
{
    struct str rest = { 0 };
    struct str version = { 0 };

    head->method = str_cut(line, ' ', &rest);
    head->target = str_cut(rest, ' ', &version);
    if (!http1_is_token(head->method) || head->target.size == 0) {
        return 400;
    }
    if (head->target.size > HTTP_MAX_TARGET) {
        return 414;
    }
    for (size_t i = 0; i < head->target.size; i++) {
        unsigned char c = (unsigned char)head->target.at[i];

        if (c <= ' ' || c == 0x7f) {
            return 400;
        }
    }
    return http1_version(version, head);
}

static int
http1_version(struct str text, struct http1_head *head)
{
    if (text.size != 8 || !str_has_prefix(text, STR("HTTP/")) || text.at[6] != '.' ||
        !http1_is_digit(text.at[5]) || !http1_is_digit(text.at[7])) {
        return 400;
    }
    head->version = (text.at[5] - '0') * 10 + (text.at[7] - '0');
    return head->version == 11 || head->version == 10 ? 0 : 505;
}

/* HTTP/1.x SP 3DIGIT [SP reason] */
static int
http1_status_line(struct str line, struct http1_head *head)
{
    if (line.size < 12 || !str_has_prefix(line, STR("HTTP/1.")) ||
        (line.at[7] != '0' && line.at[7] != '1') || line.at[8] != ' ' ||
        (line.size > 12 && line.at[12] != ' ')) {
        return 502;
    }
    head->version = line.at[7] == '1' ? 11 : 10;
    for (size_t i = 9; i < 12; i++) {
        if (line.at[i] < '0' || line.at[i] > '9') {
            return 502;
        }
        head->status = head->status * 10 + (line.at[i] - '0');
    }
    if (line.size > 13) {
        head->reason = str_slice(line.at + 13, line.size - 13);
    }
    return head->status < 100 ? 502 : 0;
}

/* From the CRLF of the first line to the empty line. */
static int
http1_headers(char *bytes, size_t size, struct http1_head *head)
{
    size_t at = 2;

    if (size < 4 || bytes[1] != '\n') {
        return 400;
    }
    if (size > HTTP_MAX_HEADER_BYTES) {
        return 431;
    }
    while (bytes[at] != '\r') {
        const char *end = memchr(bytes + at, '\r', size - at);

        /* The last two bytes are CRLF, so there is room for the LF, which must follow. */
        if (end == NULL || end[1] != '\n') {
            return 400;
        }
        int rc = http1_header(bytes + at, (size_t)(end - (bytes + at)), head);

        if (rc != 0) {
            return rc;
        }
        at = (size_t)(end - bytes) + 2;
        if (at >= size) {
            return 400;
        }
    }
    return at + 2 == size && bytes[at + 1] == '\n' ? 0 : 400;
}

static int
http1_header(char *line, size_t size, struct http1_head *head)
{
    const char *colon = memchr(line, ':', size);
    size_t name_size = colon == NULL ? 0 : (size_t)(colon - line);

    if (name_size == 0 || !http1_is_token(str_slice(line, name_size))) {
        return 400; /* also a folded line, and a space before the colon */
    }
    for (size_t i = 0; i < name_size; i++) {
        line[i] = (char)(line[i] >= 'A' && line[i] <= 'Z' ? line[i] | 0x20 : line[i]);
    }
    for (size_t i = name_size + 1; i < size; i++) {
        unsigned char c = (unsigned char)line[i];

        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return 400;
        }
    }
    if (head->header_len == HTTP_MAX_HEADERS) {
        return 431;
    }
    struct http_header *header = &head->headers[head->header_len++];

    header->name = str_slice(line, name_size);
    header->value = str_trim(str_slice(colon + 1, size - name_size - 1));
    return http1_meaning(head, header->name, header->value);
}

/* The headers that say how the message is framed. → 0 or the status to refuse with. */
static int
http1_meaning(struct http1_head *head, struct str name, struct str value)
{
    if (str_is(name, "content-length")) {
        return http1_length(head, value);
    }
    if (str_is(name, "transfer-encoding")) {
        int rc = head->is_chunked ? 400 : str_eq_nocase(value, STR("chunked")) ? 0 : 501;

        head->is_chunked = true;
        return rc;
    }
    if (str_is(name, "connection")) {
        http1_connection(head, value);
    } else if (str_is(name, "expect")) {
        head->is_expecting = str_eq_nocase(value, STR("100-continue"));
        return head->is_expecting ? 0 : 417;
    }
    return 0;
}

static bool
http1_has_upgrade(const struct http1_head *head)
{
    return http_find(head->headers, head->header_len, "upgrade").size > 0;
}

static int
http1_length(struct http1_head *head, struct str value)
{
    int64_t length = 0;

    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') {
            return 400;
        }
    }
    if (head->length >= 0 || !str_to_int(value, &length)) {
        return 400;
    }
    head->length = length;
    return 0;
}

static void
http1_connection(struct http1_head *head, struct str value)
{
    struct str rest = value;

    while (rest.size > 0) {
        struct str word = str_trim(str_cut(rest, ',', &rest));

        head->is_close |= str_eq_nocase(word, STR("close"));
        head->is_keep_alive |= str_eq_nocase(word, STR("keep-alive"));
        head->is_upgrade |= str_eq_nocase(word, STR("upgrade"));
    }
}

static bool
http1_is_token(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!http1_is_token_char((unsigned char)text.at[i])) {
            return false;
        }
    }
    return text.size > 0;
}

/* RFC 9110 5.6.2: tchar. */
static bool
http1_is_token_char(unsigned char c)
{
    static const unsigned char set[256] = {
        ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1,         ['&'] = 1,         ['\''] = 1,
        ['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1,         ['^'] = 1,         ['_'] = 1,
        ['`'] = 1, ['|'] = 1, ['~'] = 1, ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
    };

    return set[c] != 0;
}

static bool
http1_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int
http1_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "1f", "1f;ext", then CRLF. */
static bool
http1_chunk_size_byte(struct http1_chunks *chunks, char c)
{
    int digit = http1_hex(c);

    if (digit >= 0) {
        chunks->left = chunks->left << 4 | (unsigned)digit;
        return ++chunks->counted <= HTTP1_SIZE_DIGITS;
    }
    if (chunks->counted == 0) {
        return false;
    }
    chunks->counted = 0;
    chunks->state = c == '\r' ? HTTP1_SIZE_LF : HTTP1_EXTENSION;
    return c == '\r' || c == ';';
}

static bool
http1_chunk_byte(struct http1_chunks *chunks, char c)
{
    bool is_text = (unsigned char)c >= ' ' && c != 0x7f;

    switch (chunks->state) {
    case HTTP1_SIZE:
        return http1_chunk_size_byte(chunks, c);
    case HTTP1_EXTENSION:
        chunks->state = c == '\r' ? HTTP1_SIZE_LF : HTTP1_EXTENSION;
        return c == '\r' || ((is_text || c == '\t') && ++chunks->counted <= HTTP1_MAX_EXTENSION);
    case HTTP1_SIZE_LF:
        chunks->counted = 0;
        chunks->state = chunks->left > 0 ? HTTP1_DATA : HTTP1_TRAILER;
        return c == '\n';
    case HTTP1_DATA_CR:
        chunks->state = HTTP1_DATA_LF;
        return c == '\r';
    case HTTP1_DATA_LF:
        chunks->state = HTTP1_SIZE;
        return c == '\n';
    case HTTP1_TRAILER:
        chunks->state = c == '\r' ? HTTP1_END_LF : HTTP1_TRAILER_LINE;
        return c == '\r' ||
               (http1_is_token_char((unsigned char)c) && ++chunks->counted <= HTTP1_MAX_TRAILERS);
    case HTTP1_TRAILER_LINE:
        chunks->state = c == '\r' ? HTTP1_TRAILER_LF : HTTP1_TRAILER_LINE;
        return c == '\r' || ((is_text || c == '\t') && ++chunks->counted <= HTTP1_MAX_TRAILERS);
    case HTTP1_TRAILER_LF:
        chunks->state = HTTP1_TRAILER;
        return c == '\n';
    case HTTP1_END_LF:
        chunks->state = HTTP1_OVER;
        return c == '\n';
    default:
        return false;
    }
}
