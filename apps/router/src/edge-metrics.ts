/** Labels are bounded: outcomes and reasons are lists in the code, names are those of files that people put there. */
export const edgeMetricDeclarations = {
  lapidary_router_certificate_end_seconds: {
    type: 'gauge',
    help: 'When each certificate ends, in seconds since 1970; alert two weeks before (runbook certificate_expiring)',
    labels: ['name'],
    together: 'min',
  },
  lapidary_router_tls_handshakes_total: {
    type: 'counter',
    help: 'TLS handshakes: full, resumed, unknown_name, timeout, failed',
    labels: ['outcome'],
  },
  lapidary_router_http2_sessions_ended_total: {
    type: 'counter',
    help: 'HTTP/2 connections that were ended: resets (too many), protocol (errors of protocol, floods)',
    labels: ['reason'],
  },
  lapidary_router_proxy_refused_total: {
    type: 'counter',
    help: 'Connections refused where the PROXY protocol is expected: by sender, header, or for being slow',
    labels: ['reason'],
  },
} as const;
