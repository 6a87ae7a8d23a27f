/* Numeric addresses as people write them: "10.0.0.1:6443", "[::1]:6443", "unix:/path". */
#ifndef BINNACLE_NET_ADDRESS_H
#define BINNACLE_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct err;

enum { ADDRESS_TEXT_SIZE = 64 };

/* No names are resolved: -1 and BAD_REQUEST for anything that is not numeric. */
int address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size,
                  struct err **err);
/* "10.0.0.7:51234", "[::1]:443", "unix". */
void address_text(const struct sockaddr_storage *address, char text[ADDRESS_TEXT_SIZE]);
/* The IPv4 address of this machine that its default route would send from, without a port; false:
 * there is no such route. Nothing is sent. */
bool address_outbound(char text[ADDRESS_TEXT_SIZE]);
int address_port(const struct sockaddr_storage *address); /* 0 for unix */

#endif
