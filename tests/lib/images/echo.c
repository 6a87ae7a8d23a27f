/* echo [PORT]: a small static HTTP server for the lab's pods.  Answers each request, and each UDP
 * datagram, with its host name, the peer's address and the request line.  GET /exit ends the process
 * with status 3 (crash tests); after GET /fail every reply is a 500 (probe tests). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char host[256] = "?";
static bool failing;

static void
stop(int number)
{
    (void)number;
    _exit(0);
}

static void
answer_datagram(int fd)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    char request[2048], ip[64], reply[512];

    if (recvfrom(fd, request, sizeof request, 0, (struct sockaddr *)&peer, &size) < 0) {
        return;
    }
    inet_ntop(AF_INET, &peer.sin_addr, ip, sizeof ip);
    int len = snprintf(reply, sizeof reply, "%s %s\n", host, ip);
    sendto(fd, reply, (size_t)len, 0, (struct sockaddr *)&peer, size);
}

static void
answer_request(int listener)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    char request[2048], ip[64], body[2600], reply[3000];
    int fd = accept(listener, (struct sockaddr *)&peer, &size);

    if (fd < 0) {
        return;
    }
    ssize_t got = read(fd, request, sizeof request - 1);
    request[got > 0 ? got : 0] = '\0';
    if (strncmp(request, "GET /exit", 9) == 0) {
        _exit(3);
    }
    failing = failing || strncmp(request, "GET /fail", 9) == 0;
    request[strcspn(request, "\r\n")] = '\0';
    inet_ntop(AF_INET, &peer.sin_addr, ip, sizeof ip);
    int body_len = snprintf(body, sizeof body, "%s %s %s\n", host, ip, request);
    int len = snprintf(reply, sizeof reply,
                       "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
                       "Connection: close\r\n\r\n%s",
                       failing ? "500 Internal Server Error" : "200 OK", body_len, body);
    if (write(fd, reply, (size_t)len) != len) {
        perror("write");
    }
    close(fd);
}

int
main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 8080;
    int on = 1;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);

    signal(SIGTERM, stop);
    signal(SIGPIPE, SIG_IGN);
    gethostname(host, sizeof host - 1);
    setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(tcp, (struct sockaddr *)&at, sizeof at) != 0 || listen(tcp, 128) != 0 ||
        bind(udp, (struct sockaddr *)&at, sizeof at) != 0) {
        perror("bind");
        return 1;
    }
    printf("listening on %d\n", port);
    fflush(stdout);
    for (;;) {
        struct pollfd ready[2] = { { tcp, POLLIN, 0 }, { udp, POLLIN, 0 } };
        if (poll(ready, 2, -1) < 0) {
            continue;
        }
        if (ready[1].revents != 0) {
            answer_datagram(udp);
        }
        if (ready[0].revents != 0) {
            answer_request(tcp);
        }
    }
}
