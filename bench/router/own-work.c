/*
 * What a proxy costs outside of the kernel: preloaded into it, this plays its clients and its upstream between Node and the C library. Connections are
 * real, their bytes are not: each read of a client's is a whole request, each write to the upstream is taken, and its connection has an answer to be read.
 * All connections have a request under way, as at saturation; the kernel is asked once in a turn of the loop. Only the first thread of a process is played with.
 *
 *   LAPIDARY_OWN_WORK=<port> <upstream port> <connections> <post bytes> <answer bytes> <tenants> <warm requests> <requests a round> LD_PRELOAD=own-work.so node …
 *
 * After the warm requests, and then after each round, the process says on descriptor 3 how many µs a request took, of its first thread and of all, and stops
 * itself until it is told to go on: so that several can be measured in turns.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS_MAX = 8192, REQUESTS = 4096, HEAD_MAX = 1024, KERNEL_EVENTS = 8, TOLD_ON = 3 };
enum kind { OTHER, CLIENT, UPSTREAM };

static unsigned char kinds[SOCKETS_MAX], has_more[SOCKETS_MAX];
static char *requests[REQUESTS], *answer;
static size_t request_length[REQUESTS], answer_length;
static int is_on, port, upstream_port, connections, post_bytes, clients, highest;
static long warm, round_requests, answered;
static int is_warm;
static double since_us, since_all_us;

static uint64_t seed = 88172645463325252ull;
static uint64_t random64(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

static double used_us(clockid_t of) {
  struct timespec t;
  clock_gettime(of, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* As load.c sends them. */
static void prepare(int answer_bytes, int tenants) {
  for (int i = 0; i < REQUESTS; i++) {
    char *to = requests[i] = malloc(HEAD_MAX + (size_t)post_bytes);
    int n = sprintf(to,
                    "%s /api/orders/%d?page=1 HTTP/1.1\r\nHost: t%d.lapidary.localhost\r\n"
                    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n"
                    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
                    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
                    "Cookie: session=%016llx%016llx; theme=dark\r\nReferer: http://t.lapidary.localhost/orders\r\nX-Client: bench\r\n",
                    post_bytes > 0 ? "POST" : "GET", i, (int)(random64() % (uint64_t)tenants), (unsigned long long)random64(),
                    (unsigned long long)random64());
    if (post_bytes > 0) n += sprintf(to + n, "Content-Length: %d\r\n", post_bytes);
    n += sprintf(to + n, "\r\n");
    memset(to + n, 'x', (size_t)post_bytes);
    request_length[i] = (size_t)(n + post_bytes);
  }
  answer = malloc((size_t)answer_bytes + HEAD_MAX);
  answer_length = (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: %d\r\n\r\n", answer_bytes);
  memset(answer + answer_length, 'x', (size_t)answer_bytes);
  answer_length += (size_t)answer_bytes;
}

__attribute__((constructor)) static void begin(void) {
  const char *how = getenv("LAPIDARY_OWN_WORK");
  int answer_bytes, tenants;
  if (how == NULL || sscanf(how, "%d %d %d %d %d %d %ld %ld", &port, &upstream_port, &connections, &post_bytes, &answer_bytes, &tenants, &warm, &round_requests) != 8) return;
  is_on = 1;
  unsetenv("LD_PRELOAD");
  /* Who has stopped itself would outlive whoever was to wake it. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prepare(answer_bytes, tenants);
}

static int is_played(int fd) { return is_on && fd >= 0 && fd < SOCKETS_MAX && kinds[fd] != OTHER; }

static void note(int fd, enum kind kind) {
  if (fd >= SOCKETS_MAX) exit(3);
  kinds[fd] = (unsigned char)kind;
  has_more[fd] = 0;
  if (fd > highest) highest = fd;
}

int accept4(int listener, struct sockaddr *from, socklen_t *length, int flags) {
  int fd = (int)syscall(SYS_accept4, listener, from, length, flags);
  struct sockaddr_in here;
  socklen_t here_length = sizeof here;
  if (!is_on || fd < 0 || getsockname(fd, (struct sockaddr *)&here, &here_length) != 0 || ntohs(here.sin_port) != port) return fd;
  note(fd, CLIENT);
  clients++;
  if (clients == connections)
    for (int i = 0; i <= highest; i++) has_more[i] = kinds[i] == CLIENT;
  return fd;
}

int connect(int fd, const struct sockaddr *to, socklen_t length) {
  if (is_on && to->sa_family == AF_INET && ntohs(((const struct sockaddr_in *)to)->sin_port) == upstream_port) note(fd, UPSTREAM);
  return (int)syscall(SYS_connect, fd, to, length);
}

int close(int fd) {
  if (is_played(fd)) kinds[fd] = OTHER;
  return (int)syscall(SYS_close, fd);
}

ssize_t read(int fd, void *into, size_t length) {
  if (!is_played(fd)) return syscall(SYS_read, fd, into, length);
  if (!has_more[fd]) {
    errno = EAGAIN;
    return -1;
  }
  has_more[fd] = 0;
  size_t which = random64() % REQUESTS;
  const char *bytes = kinds[fd] == CLIENT ? requests[which] : answer;
  size_t count = kinds[fd] == CLIENT ? request_length[which] : answer_length;
  if (count > length) exit(4);
  memcpy(into, bytes, count);
  return (ssize_t)count;
}

static void tell(void) {
  double us = used_us(CLOCK_THREAD_CPUTIME_ID), all_us = used_us(CLOCK_PROCESS_CPUTIME_ID);
  char line[128];
  int n = is_warm ? sprintf(line, "%.4f %.4f\n", (us - since_us) / (double)answered, (all_us - since_all_us) / (double)answered) : sprintf(line, "warm\n");
  is_warm = 1;
  answered = 0;
  if (syscall(SYS_write, TOLD_ON, line, n) != n) exit(5);
  kill(getpid(), SIGSTOP);
  since_us = used_us(CLOCK_THREAD_CPUTIME_ID);
  since_all_us = used_us(CLOCK_PROCESS_CPUTIME_ID);
}

/* `last`: how the write ends; a head may be written before its body. */
static void wrote(int fd, const char *first, char last) {
  if (kinds[fd] == UPSTREAM) {
    has_more[fd] = post_bytes == 0 || last == 'x';
    return;
  }
  if (strncmp(first, "HTTP/1.1 200", 12) != 0) exit(6);
  has_more[fd] = 1;
  answered++;
  if (answered == (is_warm ? round_requests : warm)) tell();
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (!is_played(fd)) return syscall(SYS_write, fd, bytes, length);
  wrote(fd, bytes, ((const char *)bytes)[length - 1]);
  return (ssize_t)length;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!is_played(fd)) return syscall(SYS_writev, fd, parts, count);
  ssize_t length = 0;
  for (int i = 0; i < count; i++) length += (ssize_t)parts[i].iov_len;
  const struct iovec *last = &parts[count - 1];
  wrote(fd, parts[0].iov_base, ((const char *)last->iov_base)[last->iov_len - 1]);
  return length;
}

int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout, const sigset_t *mask) {
  int count = 0;
  if (is_on && syscall(SYS_gettid) == getpid())
    for (int i = 0; i <= highest && count < most - KERNEL_EVENTS; i++)
      if (kinds[i] != OTHER && has_more[i]) events[count++] = (struct epoll_event){.events = EPOLLIN, .data.fd = i};
  int told = (int)syscall(SYS_epoll_pwait, epoll, events + count, count > 0 ? KERNEL_EVENTS : most, count > 0 ? 0 : timeout, mask, 8);
  return count == 0 ? told : count + (told > 0 ? told : 0);
}
