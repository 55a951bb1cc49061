/** Why we do as we do, by group of cases: shown where another proxy does something else. */
export const reasons: Readonly<Record<string, string>> = {
  'request line':
    'RFC 9112 §3 allows a server to be lenient with blanks in the request line and names the danger in the same sentence. Nobody who means well sends them; we refuse. Methods that are tokens pass, since RFC 9110 lets anybody define one; CONNECT and TRACE are refused, because a router of tenants is no tunnel and no mirror.',
  'request target':
    'Only a path is forwarded. Absolute-form could name another host than Host does, and whoever reads the one or the other sees another tenant. Bytes that RFC 3986 does not allow in a path (and "\\", which some servers take for "/") are refused; percent-encoding and dot segments pass untouched, since rewriting a path is what a cache key or an access rule behind us would not see.',
  'line ends':
    'A bare LF may be taken for a line end (RFC 9112 §2.2), and then must be by everybody on the way. We can’t know that of what stands behind us, so lines end with CRLF or the message is refused.',
  host: 'The host decides the tenant. One Host, one host name in it, or a refusal; port, letter case and one final dot do not matter. What is a name but nobody’s is 404, not the first tenant that happens to be configured.',
  'header syntax':
    'Folded lines, blanks before the colon, control characters and names that are no tokens are read differently by servers in the field; each has been the way to smuggle a request once. They are refused, not repaired: a repair is one more reading.',
  'content-length':
    'One length, of digits, at most 15 of them. RFC 9112 §6.3 lets a list of equal values be merged; we refuse it, because nothing that means well sends it. Names with "_" are dropped, because CGI, WSGI and PHP read them as "-".',
  'transfer-encoding':
    'chunked, once, alone, in HTTP/1.1. With a length beside it RFC 9112 §6.1 allows forwarding without the length; it also says that the message is probably an attack. We refuse, and close.',
  chunks:
    'Sizes are hexadecimal digits and lines end with CRLF. Extensions are read by their grammar, without blanks, and dropped, since nothing uses them and CVE-2025-55315 is made of them.',
  trailers:
    'Trailers pass from an allow-list, which is empty. RFC 9110 §6.5.1 allows dropping them; merged into the head by a server behind us they could say anything. One that names framing or the connection is refused: Node’s parser, for one, does as it says.',
  'hop by hop':
    'What concerns one connection ends with it. What is ours to say (tenant, epoch, where the request came from) is dropped in every spelling, and Connection can’t name it away: the stamp’s fence relies on it (I4).',
  'HTTP/1.0': 'Served without keep-alive. Transfer-Encoding does not exist in it and is refused.',
  upgrade:
    'Only websocket, and only after the stamp’s 101. An upgrade to h2c would let a client talk past every check; it is stripped, and the connection ends with the answer.',
  pipelining:
    'Each request is looked at for itself, and goes to its stamp when the one before it is answered. What stands behind a request that closes, or behind a refused upgrade, is dropped.',
  expect: '100-continue is answered here once somebody takes the body; any other expectation is 417 (RFC 9110 §10.1.1 allows that).',
  routing: 'Tenant by host, header or path is our own rule; the peers route by host only.',
};
