/**
 * `npm start` prints a link with the token behind "#", which no browser sends anywhere. It is taken out of the address
 * before anything else happens, so that it doesn't stay in the history, in a bookmark or on a shared screen.
 */
export const takeTokenFromAddress = (location: Location, history: History): string | null => {
  const params = new URLSearchParams(location.hash.replace(/^#/, ''));
  const token = params.get('token');
  if (token === null) return null;
  history.replaceState(history.state, '', `${location.pathname}${location.search}`);
  return token === '' ? null : token;
};
