/* SPDY/3.1 on the wire: see spdy_frame.h. Called by spdy.c; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "net/spdy_frame.h"

#include <assert.h>
#include <zlib.h>

#include "base/mem.h"
#include "net/http.h"

enum {
    SPDY_FRAME_VERSION = 3,
    SPDY_FRAME_ZIP_OUT = 1 << 10,
};

struct spdy_frame_zip {
    z_stream z;
};

/* Words of the dictionary stand behind their length in four bytes. */
/* clang-format off */
const unsigned char spdy_frame_dictionary[] =
    "\0\0\0\7" "options" "\0\0\0\4" "head" "\0\0\0\4" "post" "\0\0\0\3" "put" "\0\0\0\6" "delete"
    "\0\0\0\5" "trace" "\0\0\0\6" "accept" "\0\0\0\16" "accept-charset"
    "\0\0\0\17" "accept-encoding" "\0\0\0\17" "accept-language" "\0\0\0\15" "accept-ranges"
    "\0\0\0\3" "age" "\0\0\0\5" "allow" "\0\0\0\15" "authorization" "\0\0\0\15" "cache-control"
    "\0\0\0\12" "connection" "\0\0\0\14" "content-base" "\0\0\0\20" "content-encoding"
    "\0\0\0\20" "content-language" "\0\0\0\16" "content-length" "\0\0\0\20" "content-location"
    "\0\0\0\13" "content-md5" "\0\0\0\15" "content-range" "\0\0\0\14" "content-type"
    "\0\0\0\4" "date" "\0\0\0\4" "etag" "\0\0\0\6" "expect" "\0\0\0\7" "expires"
    "\0\0\0\4" "from" "\0\0\0\4" "host" "\0\0\0\10" "if-match" "\0\0\0\21" "if-modified-since"
    "\0\0\0\15" "if-none-match" "\0\0\0\10" "if-range" "\0\0\0\23" "if-unmodified-since"
    "\0\0\0\15" "last-modified" "\0\0\0\10" "location" "\0\0\0\14" "max-forwards"
    "\0\0\0\6" "pragma" "\0\0\0\22" "proxy-authenticate" "\0\0\0\23" "proxy-authorization"
    "\0\0\0\5" "range" "\0\0\0\7" "referer" "\0\0\0\13" "retry-after" "\0\0\0\6" "server"
    "\0\0\0\2" "te" "\0\0\0\7" "trailer" "\0\0\0\21" "transfer-encoding" "\0\0\0\7" "upgrade"
    "\0\0\0\12" "user-agent" "\0\0\0\4" "vary" "\0\0\0\3" "via" "\0\0\0\7" "warning"
    "\0\0\0\20" "www-authenticate" "\0\0\0\6" "method" "\0\0\0\3" "get" "\0\0\0\6" "status"
    "\0\0\0\6" "200 OK" "\0\0\0\7" "version" "\0\0\0\10" "HTTP/1.1" "\0\0\0\3" "url"
    "\0\0\0\6" "public" "\0\0\0\12" "set-cookie" "\0\0\0\12" "keep-alive" "\0\0\0\6" "origin"
    "1001012012022052063003023033043053063074024054064074084094104114124134144154164175025045"
    "05203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401"
    " Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 S"
    "ervice UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, We"
    "d, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xm"
    "l,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdc"
    "hcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";
/* clang-format on */
const size_t spdy_frame_dictionary_size = sizeof(spdy_frame_dictionary) - 1;

bool
spdy_frame_parse(const unsigned char head[SPDY_FRAME_HEAD], struct spdy_frame *ret)
{
    bool is_control = (head[0] & 0x80) != 0;
    struct spdy_frame frame = {
        .flags = head[4],
        .size = (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7],
    };

    if (is_control) {
        frame.type = head[2] << 8 | head[3];
    } else {
        frame.stream = spdy_frame_word(head);
    }
    if (is_control && (((head[0] & 0x7F) << 8 | head[1]) != SPDY_FRAME_VERSION ||
                       frame.type == SPDY_FRAME_DATA)) {
        return false;
    }
    *ret = frame;
    return true;
}

void
spdy_frame_put(struct str_builder *out, const struct spdy_frame *frame)
{
    assert(frame->size <= SPDY_FRAME_SIZE_MAX);
    spdy_frame_put_word(out, frame->type == SPDY_FRAME_DATA
                                 ? frame->stream
                                 : 0x80000000u | SPDY_FRAME_VERSION << 16 | (unsigned)frame->type);
    spdy_frame_put_word(out, frame->flags << 24 | (unsigned)frame->size);
}

unsigned
spdy_frame_word(const unsigned char *at)
{
    return (unsigned)(at[0] & 0x7F) << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
}

void
spdy_frame_put_word(struct str_builder *out, unsigned word)
{
    const char bytes[4] = { (char)(word >> 24), (char)(word >> 16), (char)(word >> 8), (char)word };

    str_put(out, str_slice(bytes, sizeof(bytes)));
}

struct spdy_frame_zip *
spdy_frame_zip_new(void)
{
    struct spdy_frame_zip *zip = MEM_NEW(struct spdy_frame_zip);
    int rc = deflateInit(&zip->z, Z_BEST_COMPRESSION);

    assert(rc == Z_OK); /* as any allocation */
    rc = deflateSetDictionary(&zip->z, spdy_frame_dictionary, (unsigned)spdy_frame_dictionary_size);
    assert(rc == Z_OK);
    (void)rc;
    return zip;
}

void
spdy_frame_zip_free(struct spdy_frame_zip *zip)
{
    if (zip != NULL) {
        (void)deflateEnd(&zip->z); /* an unfinished stream is what it complains of */
        mem_free(zip);
    }
}

void
spdy_frame_zip_put(struct spdy_frame_zip *zip, const struct http_header *headers, size_t len,
                   struct str_builder *out)
{
    AUTO_STR struct str_builder plain = { 0 };

    spdy_frame_put_word(&plain, (unsigned)len);
    for (size_t i = 0; i < len; i++) {
        spdy_frame_put_word(&plain, (unsigned)headers[i].name.size);
        str_put(&plain, headers[i].name);
        spdy_frame_put_word(&plain, (unsigned)headers[i].value.size);
        str_put(&plain, headers[i].value);
    }
    zip->z.next_in = (unsigned char *)plain.at;
    zip->z.avail_in = (unsigned)plain.size;
    do {
        unsigned char bytes[SPDY_FRAME_ZIP_OUT];

        zip->z.next_out = bytes;
        zip->z.avail_out = sizeof(bytes);
        (void)deflate(&zip->z, Z_SYNC_FLUSH); /* Z_BUF_ERROR: nothing was left to do */
        str_put(out, str_slice((const char *)bytes, sizeof(bytes) - zip->z.avail_out));
    } while (zip->z.avail_out == 0);
}
