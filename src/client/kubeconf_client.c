/* A client from a kubeconfig: the server's URL, its address, TLS.  Start-up, because looking a name
 * up blocks. */
#include "config.h" /* IWYU pragma: keep */

#include <netdb.h>

#include "base/arena.h"
#include "base/err.h"
#include "client/client.h"
#include "client/kubeconf.h"
#include "net/tls.h"

/* "https://host:port/prefix"; "unix:/path" is ours, for the local socket. */
struct server_url {
    bool is_tls;
    const char *host, *port, *prefix;
    bool is_v6; /* stood in brackets */
};

static int
parse_url(const char *server, struct arena *arena, struct server_url *ret, struct err **err)
{
    struct str rest = str_of(server);
    struct str host;
    struct str port = { 0 };
    size_t at = 0;

    ret->is_tls = str_has_prefix(rest, STR("https://"));
    if (!ret->is_tls && !str_has_prefix(rest, STR("http://"))) {
        return err_set(err, ERR_INVALID, "server '%s' is no http or https URL", server);
    }
    at = ret->is_tls ? strlen("https://") : strlen("http://");
    rest = str_slice(rest.at + at, rest.size - at);
    for (at = 0; at < rest.size && rest.at[at] != '/';) {
        at++;
    }
    host = str_slice(rest.at, at);
    ret->prefix = arena_dupz(arena, str_slice(rest.at + at, rest.size - at));
    if (str_is(str_of(ret->prefix), "/")) {
        ret->prefix = "";
    }
    if (host.size > 0 && host.at[0] == '[') {
        struct str inner = str_cut(str_slice(host.at + 1, host.size - 1), ']', &port);
        ret->is_v6 = true;
        host = inner;
        if (port.size > 0 && port.at[0] == ':') {
            port = str_slice(port.at + 1, port.size - 1);
        }
    } else {
        host = str_cut(host, ':', &port);
    }
    if (host.size == 0) {
        return err_set(err, ERR_INVALID, "server '%s' names no host", server);
    }
    ret->host = arena_dupz(arena, host);
    ret->port = port.size > 0 ? arena_dupz(arena, port) : ret->is_tls ? "443" : "80";
    return 0;
}

/* "10.0.0.1:6443" or "[::1]:6443". */
static int
resolve(const struct server_url *url, struct arena *arena, const char **ret, struct err **err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char host[NI_MAXHOST];
    int rc = getaddrinfo(url->host, url->port, &hints, &found);

    if (rc == 0) {
        rc = getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof(host), NULL, 0,
                         NI_NUMERICHOST);
        *ret =
            arena_printf(arena, found->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, url->port)
                .at;
        freeaddrinfo(found);
    }
    if (rc != 0) {
        return err_set(err, ERR_IO, "look up '%s': %s", url->host, gai_strerror(rc));
    }
    return 0;
}

static int
make_tls(const struct kubeconf *conf, const char *host, struct client_remote *spec,
         struct err **err)
{
    struct tls_client tls = {
        .ca_pem = str_of(conf->ca_pem),
        .cert_pem = str_of(conf->cert_pem),
        .key_pem = str_of(conf->key_pem),
        .server_name = conf->tls_server_name != NULL ? conf->tls_server_name : host,
        .alpn = "h2,http/1.1",
        .insecure = conf->insecure,
    };

    if (tls_client(&tls, &spec->tls, err) < 0) {
        return -1;
    }
    tls.alpn = "http/1.1";
    return tls_client(&tls, &spec->tls_http1, err);
}

int
kubeconf_client(struct loop *loop, const struct kubeconf *conf, const char *user_agent,
                struct client **ret, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct server_url url = { 0 };
    struct client_remote spec = {
        .token = conf->token,
        .user_agent = user_agent,
        .impersonate_user = conf->impersonate_user,
    };
    int rc = 0;

    if (str_has_prefix(str_of(conf->server), STR("unix:"))) {
        spec.address = conf->server;
        spec.authority = "localhost";
        *ret = client_remote_new(loop, &spec);
        return 0;
    }
    if (parse_url(conf->server, arena, &url, err) < 0 ||
        resolve(&url, arena, &spec.address, err) < 0) {
        return -1;
    }
    spec.authority = arena_printf(arena, url.is_v6 ? "[%s]:%s" : "%s:%s", url.host, url.port).at;
    spec.path_prefix = url.prefix;
    if (url.is_tls) {
        rc = make_tls(conf, url.host, &spec, err);
    }
    if (rc == 0) {
        *ret = client_remote_new(loop, &spec);
    }
    tls_unref(spec.tls); /* the client has its own references */
    tls_unref(spec.tls_http1);
    return rc;
}
