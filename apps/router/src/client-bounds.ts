/** Bounds on clients, the same on both paths. */

/** What browsers and API clients send is below 8 kB; the double is what other servers take by default. */
export const requestHeadBytesMax = 16 * 1024;
/** A head is a few packets; a client that needs longer is holding the connection (slowloris). */
export const clientHeadMs = 10_000;
/** Longer than the 60 s for which load balancers in front keep idle connections, so that they close first. */
export const keepAliveMs = 65_000;
/** How long a client may go on sending what nobody wants any more, since its answer is out. */
export const dropMs = 10_000;
