/** Spelled out or percent-encoded, these mean the same (RFC 3986 §2.3): the router decodes them, so everybody else must see them decoded. */
const unreserved = /%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/gi;
/** `http://host/v1/…`, which servers must take (RFC 9112 §3.2.2); the router leaves the first part out. */
const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i;
const hexFrom = 1;

/**
 * The address in the one spelling that the rest of the process asks about: whose it is, whether it is the API's, which command it is. Without it a
 * path that the router takes for `/v1/…` is another one to who compares texts. The query stays as it came.
 */
export const canonicalAddress = (url: string): string => {
  const [sent] = url.split('#', 1);
  const relative = sent!.replace(authority, '');
  const rooted = relative.startsWith('/') ? relative : `/${relative}`;
  const end = rooted.indexOf('?');
  const path = end < 0 ? rooted : rooted.slice(0, end);
  const plain = path.replaceAll(unreserved, (octet) => String.fromCharCode(Number.parseInt(octet.slice(hexFrom), 16)));
  return end < 0 ? plain : plain + rooted.slice(end);
};
