/* Socket addresses from and to text.  Called by conn_dial.c and server.c, any thread.  Nothing is
 * resolved here: name service does not belong on the loop, and not into a static binary. */
#include "config.h" /* IWYU pragma: keep */

#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/str.h"

static int address_parse_unix(struct str path, struct sockaddr_storage *ret, socklen_t *ret_size,
                              struct err **err);
static bool address_split(struct str text, char host[ADDRESS_TEXT_SIZE], bool *ret_is_six,
                          uint16_t *ret_port);

int
address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size, struct err **err)
{
    struct str all = str_of(text);
    struct sockaddr_storage made = { 0 };
    char host[ADDRESS_TEXT_SIZE];
    bool is_six = false;
    uint16_t port = 0;

    if (str_has_prefix(all, STR("unix:"))) {
        return address_parse_unix(str_slice(all.at + 5, all.size - 5), ret, ret_size, err);
    }
    if (!address_split(all, host, &is_six, &port)) {
        return err_set(err, ERR_BAD_REQUEST, "'%s' is not ADDRESS:PORT", text);
    }
    if (is_six) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&made;

        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1) {
            return err_set(err, ERR_BAD_REQUEST, "'%s' is not a numeric address", host);
        }
        *ret_size = sizeof(*six);
    } else {
        struct sockaddr_in *four = (struct sockaddr_in *)(void *)&made;

        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        if (inet_pton(AF_INET, host, &four->sin_addr) != 1) {
            return err_set(err, ERR_BAD_REQUEST, "'%s' is not a numeric address", host);
        }
        *ret_size = sizeof(*four);
    }
    *ret = made;
    return 0;
}

void
address_text(const struct sockaddr_storage *address, char text[ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "";

    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;

        (void)inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
        (void)snprintf(text, ADDRESS_TEXT_SIZE, "%s:%u", host, ntohs(four->sin_port));
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;

        (void)inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
        (void)snprintf(text, ADDRESS_TEXT_SIZE, "[%s]:%u", host, ntohs(six->sin6_port));
    } else {
        (void)snprintf(text, ADDRESS_TEXT_SIZE, "unix");
    }
}

bool
address_outbound(char text[ADDRESS_TEXT_SIZE])
{
    /* TEST-NET-1: connecting a datagram socket only asks for the route. */
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
    struct sockaddr_in from = { 0 };
    socklen_t size = sizeof(from);
    AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(0xC0000201); /* 192.0.2.1 */
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
           getsockname(fd, (struct sockaddr *)&from, &size) == 0 &&
           inet_ntop(AF_INET, &from.sin_addr, text, ADDRESS_TEXT_SIZE) != NULL;
}

int
address_port(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    }
    if (address->ss_family == AF_INET6) {
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    }
    return 0;
}

static int
address_parse_unix(struct str path, struct sockaddr_storage *ret, socklen_t *ret_size,
                   struct err **err)
{
    struct sockaddr_un made = { .sun_family = AF_UNIX };

    if (path.size == 0 || path.size >= sizeof(made.sun_path)) {
        return err_set(err, ERR_BAD_REQUEST, "socket path '" STR_FMT "' has not 1 to %zu bytes",
                       STR_ARG(path), sizeof(made.sun_path) - 1);
    }
    memcpy(made.sun_path, path.at, path.size);
    memset(ret, 0, sizeof(*ret));
    memcpy(ret, &made, sizeof(made));
    *ret_size = sizeof(made);
    return 0;
}

/* "10.0.0.1:80" or "[::1]:80" into its parts. */
static bool
address_split(struct str text, char host[ADDRESS_TEXT_SIZE], bool *ret_is_six, uint16_t *ret_port)
{
    uint64_t port = 0;
    size_t colon = text.size;

    while (colon > 0 && text.at[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0 || !str_to_uint(str_slice(text.at + colon, text.size - colon), &port) ||
        port > UINT16_MAX) {
        return false;
    }
    struct str name = str_slice(text.at, colon - 1);

    *ret_is_six = name.size > 2 && name.at[0] == '[' && name.at[name.size - 1] == ']';
    if (*ret_is_six) {
        name = str_slice(name.at + 1, name.size - 2);
    }
    if (name.size == 0 || name.size >= ADDRESS_TEXT_SIZE) {
        return false;
    }
    memcpy(host, name.at, name.size);
    host[name.size] = '\0';
    *ret_port = (uint16_t)port;
    return true;
}
