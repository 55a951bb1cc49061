/*
 * Client and upstream of bench/router in one thread, so that both cost the same for every proxy between them.
 *
 *   load <proxy port> <upstream port> <connections> <seconds> <rate> <post bytes> <answer bytes> <tenants> [tenant]
 *
 * With a tenant's name all requests are that tenant's, and no upstream is opened: another load has it. An answer of 429 is
 * an answer, counted as `refused`; any other status than 200 is an error, counted by status; a connection that ends is one too.
 *
 * rate 0: closed loop, every connection sends again when it has its answer. rate > 0: open loop, request n is due at
 * start + n / rate whatever the answers do, and its latency counts from then: a stall is seen by all that it delays (no
 * coordinated omission). What is due in its first half second is not counted: it opens the proxy's connections to this new upstream, and wakes up
 * what has slept. `waitedSeconds`: how long this program was ready and others had its CPU. Prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18, SOCKETS_MAX = 8192, SAMPLES_MAX = 1 << 23, QUEUE_MAX = 1 << 20, REQUESTS = 4096 };
enum kind { NONE, LISTENER, SERVER, CLIENT, TIMER };

struct conn {
  enum kind kind;
  int fd;
  int busy;          /* client: waits for an answer */
  uint64_t due;      /* client: from when the latency counts */
  long body_left;    /* bytes of the body still to come; -1: in the head */
  int head_length;
  int status;        /* client: of the answer that is coming */
  char head[8192];
  char *out;         /* what the socket did not take at once */
  size_t out_length;
};

static struct conn conns[SOCKETS_MAX];
static char input[READ_BYTES];
static char *answer;
static size_t answer_length;
static char *requests[REQUESTS];
static size_t request_length[REQUESTS];
static uint32_t *samples;
static uint64_t sample_count, done, refused, lost, served, sent, by_status[600];
static uint64_t queue[QUEUE_MAX];
static size_t queue_head, queue_tail;
static int epoll_fd, proxy_port, free_list[SOCKETS_MAX], free_count;
static long post_bytes;
static int ending, busy;
static double rate;
/* Open loop: latencies count from here on. */
static uint64_t counted_from;
static const uint64_t warm_ns = 500000000ull;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static uint64_t seed = 88172645463325252ull;
static uint64_t random64(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

static void watch(struct conn *c, uint32_t events, int op) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  epoll_ctl(epoll_fd, op, c->fd, &e);
}

static struct conn *adopt(int fd, enum kind kind) {
  if (fd < 0 || fd >= SOCKETS_MAX) exit(3);
  int one = 1;
  struct conn *c = &conns[fd];
  memset(c, 0, offsetof(struct conn, head));
  c->kind = kind;
  c->fd = fd;
  c->body_left = -1;
  if (kind == CLIENT || kind == SERVER) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  watch(c, EPOLLIN, EPOLL_CTL_ADD);
  return c;
}

static void drop(struct conn *c) {
  free(c->out);
  c->out = NULL;
  close(c->fd);
  c->kind = NONE;
}

static void push(struct conn *c, const char *bytes, size_t length) {
  if (c->out_length == 0) {
    ssize_t n = send(c->fd, bytes, length, MSG_NOSIGNAL);
    if (n < 0) n = 0;
    bytes += n;
    length -= (size_t)n;
    if (length == 0) return;
    watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  }
  c->out = realloc(c->out, c->out_length + length);
  memcpy(c->out + c->out_length, bytes, length);
  c->out_length += length;
}

static void flush(struct conn *c) {
  ssize_t n = send(c->fd, c->out, c->out_length, MSG_NOSIGNAL);
  if (n <= 0) return;
  c->out_length -= (size_t)n;
  memmove(c->out, c->out + n, c->out_length);
  if (c->out_length == 0) watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

static int connect_client(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)proxy_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return -1;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void ask(struct conn *c, uint64_t due) {
  size_t which = random64() % REQUESTS;
  c->busy = 1;
  busy++;
  c->due = due;
  sent++;
  push(c, requests[which], request_length[which]);
}

static void serve_next(struct conn *c) {
  if (ending) return;
  if (rate == 0) return ask(c, now_ns());
  if (queue_head != queue_tail) return ask(c, queue[queue_head++ % QUEUE_MAX]);
  free_list[free_count++] = c->fd;
}

static void answered(struct conn *c) {
  busy--;
  c->busy = 0;
  if (ending) return;
  if (c->status == 429) refused++;
  else if (c->status != 200) by_status[c->status]++;
  if (c->status != 200) return serve_next(c);
  uint64_t took = now_ns() - c->due;
  if (c->due >= counted_from && sample_count < SAMPLES_MAX) samples[sample_count++] = took > 4000000000ull ? 4000000000u : (uint32_t)took;
  done++;
  serve_next(c);
}

/* Value of Content-Length in a head of `length` bytes; -1 without one. */
static long length_of(const char *head, int length) {
  for (int i = 0; i + 16 < length; i++)
    if (head[i] == '\n' && strncasecmp(head + i + 1, "content-length:", 15) == 0) return atol(head + i + 16);
  return -1;
}

/* Reads messages from the input; calls for every whole one. Heads are small, bodies are only counted. */
static int take(struct conn *c, const char *bytes, ssize_t n) {
  ssize_t at = 0;
  while (at < n) {
    if (c->body_left < 0) {
      while (at < n) {
        if (c->head_length >= (int)sizeof c->head - 1) return -1;
        c->head[c->head_length++] = bytes[at++];
        int l = c->head_length;
        if (l >= 4 && memcmp(c->head + l - 4, "\r\n\r\n", 4) == 0) {
          long body = length_of(c->head, l);
          if (c->kind == CLIENT) {
            c->status = l > 12 ? atoi(c->head + 9) : 0;
            if (body < 0 || c->status < 100 || c->status > 599) return -1;
          }
          c->body_left = body < 0 ? 0 : body;
          break;
        }
      }
      if (c->body_left < 0) return 0;
    }
    ssize_t part = n - at < c->body_left ? n - at : c->body_left;
    at += part;
    c->body_left -= part;
    if (c->body_left > 0) return 0;
    c->body_left = -1;
    c->head_length = 0;
    if (c->kind == CLIENT) answered(c);
    else {
      served++;
      push(c, answer, answer_length);
    }
  }
  return 0;
}

static void lose(struct conn *c) {
  int was_client = c->kind == CLIENT;
  if (was_client) {
    if (c->busy) busy--;
    lost++;
    for (int i = 0; i < free_count; i++)
      if (free_list[i] == c->fd) free_list[i] = free_list[--free_count];
  }
  drop(c);
  if (!was_client || ending || lost > 100000) return;
  int fd = connect_client();
  if (fd >= 0) serve_next(adopt(fd, CLIENT));
}

/* What was due and has no answer counts with the time it has waited so far: leaving it out would hide the worst. */
static void finish(uint64_t now) {
  if (rate == 0) return;
  while (queue_head != queue_tail && sample_count < SAMPLES_MAX) {
    uint64_t due = queue[queue_head++ % QUEUE_MAX];
    if (due >= counted_from) samples[sample_count++] = (uint32_t)(now - due);
  }
  for (int i = 0; i < SOCKETS_MAX; i++)
    if (conns[i].kind == CLIENT && conns[i].busy && conns[i].due >= counted_from && sample_count < SAMPLES_MAX) samples[sample_count++] = (uint32_t)(now - conns[i].due);
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static double at_quantile(double q) {
  if (sample_count == 0) return 0;
  uint64_t i = (uint64_t)(q * (double)sample_count);
  return samples[i < sample_count ? i : sample_count - 1] / 1000.0;
}

/* Time on a run queue: what the scheduler has counted for this thread. */
static double waited_seconds(void) {
  unsigned long long ran = 0, waited = 0;
  FILE *f = fopen("/proc/self/schedstat", "r");
  if (f == NULL) return 0;
  if (fscanf(f, "%llu %llu", &ran, &waited) != 2) waited = 0;
  fclose(f);
  return (double)waited / 1e9;
}

static void prepare(long answer_bytes, long tenants, const char *tenant) {
  char *body = malloc((size_t)(post_bytes > answer_bytes ? post_bytes : answer_bytes) + 1);
  memset(body, 'x', (size_t)(post_bytes > answer_bytes ? post_bytes : answer_bytes));
  answer = malloc((size_t)answer_bytes + 256);
  int n = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: %ld\r\n\r\n", answer_bytes);
  memcpy(answer + n, body, (size_t)answer_bytes);
  answer_length = (size_t)(n + answer_bytes);
  for (int i = 0; i < REQUESTS; i++) {
    char host[128];
    if (tenant != NULL) snprintf(host, sizeof host, "%s", tenant);
    else snprintf(host, sizeof host, "t%ld", (long)(random64() % (uint64_t)tenants));
    requests[i] = malloc((size_t)post_bytes + 1024);
    /* A browser's head, some 540 bytes. */
    n = sprintf(requests[i],
                "%s /api/orders/%d?page=1 HTTP/1.1\r\nHost: %s.lapidary.localhost\r\n"
                "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n"
                "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
                "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
                "Cookie: session=%016llx%016llx; theme=dark\r\nReferer: http://t.lapidary.localhost/orders\r\nX-Client: bench\r\n",
                post_bytes > 0 ? "POST" : "GET", i, host, (unsigned long long)random64(),
                (unsigned long long)random64());
    if (post_bytes > 0) n += sprintf(requests[i] + n, "Content-Length: %ld\r\n", post_bytes);
    n += sprintf(requests[i] + n, "\r\n");
    memcpy(requests[i] + n, body, (size_t)post_bytes);
    request_length[i] = (size_t)(n + post_bytes);
  }
  free(body);
}

int main(int argc, char **argv) {
  if (argc != 9 && argc != 10) return 2;
  proxy_port = atoi(argv[1]);
  int upstream_port = atoi(argv[2]), count = atoi(argv[3]);
  double seconds = atof(argv[4]);
  rate = atof(argv[5]);
  post_bytes = atol(argv[6]);
  samples = malloc(sizeof *samples * SAMPLES_MAX);
  prepare(atol(argv[7]), atol(argv[8]), argc == 10 ? argv[9] : NULL);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);

  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)upstream_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (argc == 9) {
    if (bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 4096) != 0) return perror("upstream"), 1;
    adopt(listener, LISTENER);
  }

  for (int i = 0; i < count; i++) {
    int fd = connect_client();
    if (fd < 0) return perror("proxy"), 1;
    adopt(fd, CLIENT);
    free_list[free_count++] = fd;
  }
  uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), next_due = start;
  double due_exact = (double)start;
  if (rate > 0) counted_from = start + warm_ns;
  if (rate == 0) {
    int all = free_count;
    free_count = 0;
    for (int i = 0; i < all; i++) ask(&conns[free_list[i]], now_ns());
  } else {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec each = {.it_interval.tv_nsec = 100000, .it_value.tv_nsec = 100000};
    timerfd_settime(timer, 0, &each, NULL);
    adopt(timer, TIMER);
  }

  struct epoll_event events[512];
  uint64_t now;
  double took = 0;
  for (;;) {
    now = now_ns();
    if (!ending && now >= end) {
      took = (double)(now - start) / 1e9;
      finish(now);
      ending = 1;
    }
    /* What is under way is answered: an upstream that died on it would open the breakers of whoever is measured next. */
    if (ending && (busy == 0 || now > end + 1000000000ull)) break;
    int n = epoll_wait(epoll_fd, events, 512, 10);
    for (int i = 0; i < n; i++) {
      struct conn *c = events[i].data.ptr;
      if (c->kind == NONE) continue;
      if (c->kind == LISTENER) {
        int fd;
        while ((fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) adopt(fd, SERVER);
        continue;
      }
      if (c->kind == TIMER) {
        uint64_t ticks;
        if (read(c->fd, &ticks, sizeof ticks) < 0) continue;
        continue;
      }
      if (events[i].events & EPOLLOUT) flush(c);
      if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      ssize_t got = recv(c->fd, input, sizeof input, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0 || take(c, input, got) != 0) lose(c);
    }
    if (rate == 0 || ending) continue;
    now = now_ns();
    while (next_due <= now && next_due < end) {
      if (free_count > 0) ask(&conns[free_list[--free_count]], next_due);
      else if (queue_tail - queue_head < QUEUE_MAX) queue[queue_tail++ % QUEUE_MAX] = next_due;
      due_exact += 1e9 / rate;
      next_due = (uint64_t)due_exact;
    }
  }
  double waited = waited_seconds();
  qsort(samples, sample_count, sizeof *samples, by_size);
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  uint64_t failed = 0;
  for (int i = 0; i < 600; i++) failed += by_status[i];
  printf("{\"requests\":%llu,\"errors\":%llu,\"refused\":%llu,\"lost\":%llu,\"served\":%llu,\"seconds\":%.3f,\"p50Us\":%.1f,\"p99Us\":%.1f,"
         "\"p999Us\":%.1f,\"maxUs\":%.1f,\"cpuSeconds\":%.3f,\"waitedSeconds\":%.3f,\"statuses\":{",
         (unsigned long long)done, (unsigned long long)(failed + lost), (unsigned long long)refused, (unsigned long long)lost,
         (unsigned long long)served, took, at_quantile(0.5), at_quantile(0.99), at_quantile(0.999), at_quantile(1), cpu, waited);
  const char *comma = "";
  for (int i = 0; i < 600; i++) {
    if (by_status[i] == 0) continue;
    printf("%s\"%d\":%llu", comma, i, (unsigned long long)by_status[i]);
    comma = ",";
  }
  printf("}}\n");
  return 0;
}
