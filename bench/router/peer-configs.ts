/** What the peers are told to do: the same job as ours, limits per tenant and per stamp, tenants by a map. */
export interface PeerJob {
  readonly port: number;
  readonly upstreamPort: number;
  readonly tenants: number;
  /** Over TLS: where certificate and key are, "<tls>.crt" and "<tls>.key". */
  readonly tls?: string;
}

/** Never reached: the cost of counting is measured, not the refusal. */
const manyPerSecond = 1_000_000;

/** The tenant that asks as fast as it can, and what it is allowed: all targets refuse the rest of it. */
export const noisyTenant = 'noisy';
export const noisyPerSecond = 20;

export const nginxConfig = ({ port, upstreamPort, tenants, tls }: PeerJob): string => `pid nginx.pid;
user root;
worker_processes 1;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 100000000;
  keepalive_timeout 65s;
  map_hash_max_size ${tenants * 4};
  map_hash_bucket_size 128;
  map $host $tenant {
    default "";
    include tenants.map;
  }
  limit_req_zone $tenant zone=tenants:64m rate=${manyPerSecond}r/s;
  map $tenant $noisy { default ""; ${noisyTenant} 1; }
  limit_req_zone $noisy zone=noisy:1m rate=${noisyPerSecond}r/s;
  limit_req_status 429;
  limit_req_log_level info;
  limit_conn_zone $tenant zone=places:64m;
  upstream stamp { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096${tls === undefined ? '' : ' ssl'};${tls === undefined ? '' : ` ssl_certificate ${tls}.crt; ssl_certificate_key ${tls}.key;`}
    location / {
      if ($tenant = "") { return 404; }
      limit_req zone=tenants burst=100000 nodelay;
      limit_req zone=noisy burst=${noisyPerSecond} nodelay;
      limit_conn places 8000;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Lapidary-Tenant $tenant;
      proxy_set_header X-Lapidary-Epoch 1;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Request-Id $request_id;
      proxy_pass http://stamp;
    }
  }
}
`;

export const tenantHosts = (tenants: number): string[] =>
  [noisyTenant, ...Array.from({ length: tenants }, (_, i) => `t${i}`)].map((tenant) => `${tenant}.lapidary.localhost`);

export const haproxyConfig = ({ port, upstreamPort }: PeerJob): string => `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 2s
  timeout client 65s
  timeout server 60s
  timeout http-keep-alive 65s
  http-reuse always
frontend front
  bind 127.0.0.1:${port} backlog 4096
  http-request set-var(txn.tenant) req.hdr(host),lower,map(tenants.map)
  http-request return status 404 unless { var(txn.tenant) -m found }
  stick-table type string len 64 size 200k expire 60s store http_req_rate(1s),conn_cur
  http-request track-sc0 var(txn.tenant)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt ${manyPerSecond} }
  http-request deny deny_status 429 if { var(txn.tenant) -m str ${noisyTenant} } { sc_http_req_rate(0) gt ${noisyPerSecond} }
  http-request set-header X-Lapidary-Tenant %[var(txn.tenant)]
  http-request set-header X-Lapidary-Epoch 1
  http-request set-header X-Forwarded-For %[src]
  default_backend stamp
backend stamp
  server s 127.0.0.1:${upstreamPort} maxconn 4096
`;
